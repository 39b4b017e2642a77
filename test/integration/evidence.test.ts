/** A picture that somebody checks with OpenSSL alone, as docs/evidence.md says. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow } from '../support/files.js';
import { household, receiverCommand } from '../support/pairing.js';
import { missing, root, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const noOpenssl = missing('openssl', 'openssl');

/** The commands of the recipe that run on any machine, without their comments. */
function recipe(): string {
  const page = readFileSync(`${root}docs/evidence.md`, 'utf8');
  const block = page.split('There:\n')[1]?.split('```')[1] ?? '';
  return [...block.matchAll(/^\$ (.*?)(?: +#.*)?$/gm)].map(([, command]) => command).join('\n');
}

/** Runs the recipe in a folder. @returns what it prints, and whether all commands succeeded */
function check(folder: string): { readonly printed: string; readonly isRight: boolean } {
  try {
    const printed = execFileSync('sh', ['-e', '-c', recipe()], {
      ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    });
    return { printed, isRight: true };
  } catch (error) {
    return { printed: String((error as { stdout?: unknown }).stdout), isRight: false };
  }
}

async function shoot(args: readonly string[]): Promise<void> {
  const agent = startAgent([...args, '--once']);
  expect({ code: await agent.ended, stderr: agent.stderr() }).toMatchObject({ code: 0 });
}

async function storedFrame() {
  const { captures, keys, receive, line, type, scene } = household();
  const receiver = await receive();
  await type(await line('frontdoor', receiver.address));
  await shoot(scene(receiver.address));
  const [name = ''] = filesBelow(captures);
  const lines = readFileSync(join(captures, name, '..', 'record.jsonl'), 'utf8').split('\n');
  const record = `${lines.find((text) => text.startsWith('{"frame":'))}\n`;
  const pem = await receiverCommand('cameras', '--keys', keys, '--public-key', 'frontdoor');
  const folder = temporaryDirectory();
  copyFileSync(join(captures, name), join(folder, 'picture.jpg'));
  writeFileSync(join(folder, 'line'), record);
  writeFileSync(join(folder, 'frontdoor.pem'), pem.stdout);
  return { folder, record, receiver };
}

describe('a stored frame of a paired camera', () => {
  it('is proven by OpenSSL and the public key alone, and no changed bit is', async (test) => {
    test.skip(noOpenssl !== undefined, noOpenssl);
    const { folder, record, receiver } = await storedFrame();
    expect(record).not.toContain('flaw');
    const { printed, isRight } = check(folder);
    expect(isRight).toBe(true);
    expect(printed).toContain('Signature Verified Successfully');
    const { sha256 } = JSON.parse(record) as { sha256: string };
    expect(printed).toContain(sha256);
    const changes = [
      record.replace('"sequence":1', '"sequence":2'),
      record.replace('"captured":1', '"captured":2'),
      record.replace(
        sha256,
        sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      ),
      record.replace(
        /"sig":"./,
        (start) => `${start.slice(0, -1)}${start.endsWith('A') ? 'B' : 'A'}`,
      ),
    ];
    for (const changed of changes) {
      expect(changed).not.toBe(record);
      writeFileSync(join(folder, 'line'), changed);
      expect(check(folder).isRight).toBe(false);
    }
    await receiver.stop();
  });
});

describe('a camera with another key than the pinned one', () => {
  it('is stored with that flaw, and without it again after a rotation', async () => {
    const { captures, keys, state, receive, line, type, scene } = household();
    const receiver = await receive();
    await type(await line('frontdoor', receiver.address));
    await shoot(scene(receiver.address));
    rmSync(join(state, 'signing/key.pem'));
    await shoot(scene(receiver.address));
    await receiver.says('a camera signs with another key than the pinned one');
    await type(await line('frontdoor', receiver.address, '--rotate'));
    await shoot(scene(receiver.address));
    const flaws: [captured: number, flaw: unknown][] = [];
    for (const record of filesBelow(captures, { hidden: true })) {
      if (!record.endsWith('record.jsonl')) continue;
      for (const text of readFileSync(join(captures, record), 'utf8').trim().split('\n')) {
        const line = JSON.parse(text) as { captured?: number; flaw?: unknown };
        if (line.captured !== undefined) flaws.push([line.captured, line.flaw]);
      }
    }
    const inOrder = flaws.sort(([a], [b]) => a - b).map(([, flaw]) => flaw);
    expect(inOrder).toEqual([undefined, 'other-key', undefined]);
    const unknown = await receiverCommand('cameras', '--keys', keys, '--public-key', 'shed');
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('no key of signatures is known of camera shed');
    await receiver.stop();
  });
});
