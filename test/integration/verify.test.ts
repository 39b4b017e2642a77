/** `receiver verify` and `receiver export` as processes: of a paired camera, and of a store that 0.1.0 made. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow } from '../support/files.js';
import { unpackVersion01 } from '../support/old-version.js';
import { household, receiverCommand } from '../support/pairing.js';
import { freePort } from '../support/ports.js';
import { missing, start, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const old = unpackVersion01();
const noOpenssl = missing('openssl', 'openssl');

/** Runs the commands of an export's page about one picture, in the folder of the export. */
function runRecipe(out: string, picture: string): string {
  const page = readFileSync(join(out, 'index.html'), 'utf8').replaceAll('&gt;', '>');
  const [fingerprint = '', recipe = ''] = [
    ...page.matchAll(/<pre>((?:openssl|grep)[^]*?)<\/pre>/g),
  ].map(([, text]) => text);
  const [, ms = ''] = /captured (\d+)/.exec(page.split(`src="${picture}"`)[1] ?? '') ?? [];
  const record = join(dirname(picture), 'record.jsonl');
  const commands = recipe
    .replace('MILLISECONDS', ms)
    .replace('record.jsonl', record)
    .replace('PICTURE.jpg', picture);
  const options = { cwd: out, encoding: 'utf8' } as const;
  return execFileSync('sh', ['-e', '-c', `${fingerprint}\n${commands}`], options);
}

describe('a paired camera', () => {
  it('is verified with its key, exported, and verified without the receiver', async (test) => {
    test.skip(noOpenssl !== undefined, noOpenssl);
    const { captures, keys, receive, line, type, scene } = household();
    const receiver = await receive();
    await type(await line('frontdoor', receiver.address));
    const agent = startAgent([...scene(receiver.address), '--once']);
    expect(await agent.ended).toBe(0);
    const verified = await receiverCommand('verify', '--dir', captures, '--keys', keys);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toMatch(
      /^frontdoor: all as recorded\n.*\n {2}\d+ proven by their signature\n$/,
    );

    const earlier = 'frontdoor.earlier-0123abcd.pem';
    const { publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(keys, earlier), publicKey.export({ type: 'spki', format: 'pem' }));
    const stretch = ['--camera', 'frontdoor', '--from', '2020-01-01', '--to', '2099-01-01'];
    const out = join(temporaryDirectory(), 'out');
    for (const path of [out, `${out}.zip`]) {
      const args = ['--dir', captures, '--keys', keys, ...stretch, path];
      expect(await receiverCommand('export', ...args)).toMatchObject({ code: 0, stderr: '' });
      const elsewhere = await receiverCommand('verify', path, '--keys', temporaryDirectory());
      expect(elsewhere).toMatchObject({ code: 0, stderr: '' });
      expect(elsewhere.stdout).toContain('proven by their signature');
      const { stdout } = await receiverCommand('cameras', '--keys', keys, '--fingerprints');
      const fingerprints = stdout.trim().split('\n');
      expect(fingerprints).toHaveLength(2);
      for (const each of fingerprints) expect(elsewhere.stdout).toContain(each.split(' ')[1]);
    }
    expect(readdirSync(out)).toContain(earlier);
    expect(readFileSync(join(out, 'index.html'), 'utf8')).toContain(earlier);
    const [picture = ''] = filesBelow(out).filter((name) => name.endsWith('.jpg'));
    const printed = runRecipe(out, picture);
    expect(printed).toContain('Signature Verified Successfully');

    writeFileSync(join(captures, picture), 'x');
    const changed = await receiverCommand('verify', '--dir', captures, '--keys', keys, '--json');
    expect(changed.code).toBe(1);
    const [first = ''] = changed.stdout.split('\n');
    expect(JSON.parse(first)).toMatchObject({
      finding: 'wrong-size',
      level: 'fault',
      path: picture,
    });
    rmSync(join(captures, dirname(picture)), { recursive: true });
    expect(await receiverCommand('verify', '--dir', join(captures, 'none'))).toMatchObject({
      code: 3,
    });
  });

  it('does not take an empty mount point, or a time to come, for captures as recorded', async () => {
    const captures = temporaryDirectory();
    const unused = await receiverCommand('verify', '--dir', captures);
    expect(unused).toMatchObject({ code: 3, stdout: '' });
    expect(unused.stderr).toContain(`${captures} has no camera, and no receiver has stored there`);
    writeFileSync(join(captures, '.picchanged.json'), '{}');
    expect((await receiverCommand('verify', '--dir', captures)).code).toBe(0);
    const later = await receiverCommand('verify', '--dir', captures, '--since', '2999-01-01');
    expect(later.code).toBe(2);
    expect(later.stderr).toContain('--since is later than now');
  });
});

describe('verify', () => {
  it('ends at once when it is interrupted', async () => {
    const captures = temporaryDirectory();
    const line = (camera: string, bytes: number): string => {
      const moment = { captured: Date.UTC(2026, 10, 22), offset: 0 };
      const statement = { frame: 1, camera, ...moment, sha256: '0'.repeat(64), bytes };
      return `${JSON.stringify({ ...statement, delay: 100 })}\n`;
    };
    // A frame that is not there is said; then one that takes hours is read.
    for (const [camera, bytes] of [
      ['first', 1],
      ['second', 2 ** 42],
    ] as const) {
      const folder = join(captures, camera, '2026_11_22');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'record.jsonl'), line(camera, bytes));
    }
    const name = 'second/2026_11_22/2026_11_22_00_00_00_000+0000.jpg';
    writeFileSync(join(captures, name), '');
    truncateSync(join(captures, name), 2 ** 42);
    const args = ['dist/receiver.js', 'verify', '--dir', captures, '--keys', temporaryDirectory()];
    const verifying = start(process.execPath, args);
    await verifying.says('first: 1 finding');
    expect(await verifying.stop('SIGINT')).toBe('SIGINT');
    expect(verifying.stdout()).not.toContain('second');
  });
});

describe('a store that 0.1.0 made', () => {
  it('verifies as what it is, and a removed file is found', async () => {
    const captures = temporaryDirectory();
    const port = await freePort();
    const listen = ['--dir', captures, '--listen', `127.0.0.1:${port}`, '--json'];
    const receiver = start(process.execPath, [old.receiver, ...listen]);
    await receiver.says('"listening"');
    const args = [
      '--host',
      `127.0.0.1:${port}`,
      '--source',
      'scene',
      '--all',
      '--interval',
      '100ms',
    ];
    const state = ['--state', temporaryDirectory(), '--camera', 'yard'];
    const env = { XDG_RUNTIME_DIR: temporaryDirectory() };
    const agent = start(process.execPath, [old.agent, ...args, ...state], { env });
    await receiver.says('.jpg');
    await agent.stop();
    await receiver.stop();
    const [day = ''] = readdirSync(join(captures, 'yard')).filter((name) => /^\d{4}_/.test(name));
    const verified = await receiverCommand(
      'verify',
      '--dir',
      captures,
      '--keys',
      temporaryDirectory(),
    );
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toMatch(/^yard: all as recorded\n.*\n {2}\d+ unsigned\n$/);
    const [picture = ''] = readdirSync(join(captures, 'yard', day)).filter((name) =>
      name.endsWith('.jpg'),
    );
    rmSync(join(captures, 'yard', day, picture));
    const changed = await receiverCommand(
      'verify',
      '--dir',
      captures,
      '--keys',
      temporaryDirectory(),
    );
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain(`yard/${day}/${picture}: missing-file`);
  });
});
