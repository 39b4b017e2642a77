/** `receiver verify` and `receiver export` as processes that are killed, may not read all, or write to a terminal. */
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { frameAt, plantAll } from '../receiver/archive/retention/given-store.js';
import { makeStore } from '../receiver/archive/verify/made-store.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { receiverCommand } from '../support/pairing.js';
import { missing, root, run, start } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const program = [process.execPath, `${root}dist/receiver.js`] as const;
const noScript = missing('script', 'bsdutils');
const noSetpriv = missing('setpriv', 'util-linux');

async function madeStore() {
  const captures = temporaryDirectory();
  await makeStore(captures);
  const files = filesBelow(captures, { hidden: true }).sort();
  return {
    captures,
    where: ['--dir', captures, '--keys', temporaryDirectory()],
    frames: files.filter((name) => name.endsWith('.jpg')),
  };
}

const contentOf = (directory: string): string[] =>
  filesBelow(directory, { hidden: true })
    .sort()
    .map((name) => {
      const hash = createHash('sha256').update(readFileSync(join(directory, name)));
      return `${name} ${hash.digest('hex')}`;
    });

describe('an export that is killed', () => {
  it.each(['out', 'out.zip'])(
    'to %s is none; the captures stay, a second one works',
    async (name) => {
      const captures = temporaryDirectory();
      await (await openFrameStore(captures, Date.now())).close();
      const startMs = Date.UTC(2026, 10, 22, 8);
      const frames = Array.from({ length: 200 }, (_, nth) =>
        frameAt(startMs + nth * 1000, { bytes: 100_000 }),
      );
      plantAll(captures, frames);
      const before = contentOf(captures);
      const folder = temporaryDirectory();
      const out = join(folder, name);
      const where = ['--dir', captures, '--keys', temporaryDirectory()];
      const stretch = ['--camera', 'yard', '--from', '2026-11-22', '--to', '2026-11-23', out];
      const [node, script] = program;
      const exporting = start(node, [script, 'export', ...where, ...stretch]);
      const halfBytes = (): number =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .map((each) => statSync(join(folder, each), { throwIfNoEntry: false }))
          .reduce((sum, stats) => sum + (stats?.isFile() ? stats.size : 0), 0);
      await eventually(() => halfBytes() > 0, 'a part of the export');
      expect(await exporting.stop('SIGKILL')).toBe('SIGKILL');
      const [half = '', ...others] = readdirSync(folder);
      expect([half.replace(/[0-9a-f-]{36}/, 'ID'), ...others]).toEqual([`.${name}.ID.part`]);
      const refused = await receiverCommand('verify', join(folder, half));
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('is an export that was not finished');
      expect(contentOf(captures)).toEqual(before);

      const again = await receiverCommand('export', ...where, ...stretch);
      expect(again).toMatchObject({ code: 0, stderr: '' });
      expect(again.stdout).toContain('200 frames');
      expect(await receiverCommand('verify', out)).toMatchObject({ code: 0, stderr: '' });
      expect(contentOf(captures)).toEqual(before);
    },
  );
});

describe('receiver verify', () => {
  it('--since leaves older days out, unless something was added to them', async () => {
    const { captures, where, frames } = await madeStore();
    const [oldest = ''] = frames.filter((name) => name.startsWith('yard/'));
    const record = join(captures, oldest, '../record.jsonl');
    const bytes = readFileSync(join(captures, oldest));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(captures, oldest), bytes);
    const since = (moment: string) => receiverCommand('verify', ...where, '--since', moment);
    // Its record was written a moment ago.
    expect((await since('1d')).stdout).toContain(`${oldest}: wrong-bytes`);
    utimesSync(record, new Date('2026-11-22T22:00:00Z'), new Date('2026-11-22T22:00:00Z'));
    expect(await since('2026-11-24T12:00')).toMatchObject({ code: 0, stderr: '' });
    const all = await since('2026-11-22');
    expect(all.code).toBe(1);
    expect(all.stdout).toContain(`${oldest}: wrong-bytes`);
  });

  it('names a day that it may not read, and ends with 3', async (test) => {
    test.skip(noSetpriv !== undefined, noSetpriv);
    test.skip(process.geteuid?.() !== 0, 'needs root, to become another user');
    const { captures, frames } = await madeStore();
    const [oldest = ''] = frames.filter((name) => name.startsWith('yard/'));
    const day = oldest.slice(0, oldest.lastIndexOf('/'));
    chmodSync(captures, 0o755);
    for (const each of readdirSync(captures, { recursive: true, encoding: 'utf8' }))
      chmodSync(join(captures, each), 0o755);
    chmodSync(join(captures, day), 0o700);
    const words = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...program];
    const verify = ['verify', '--dir', captures, '--keys', '/nonexistent'];
    const { code, stdout, stderr } = await run('setpriv', [...words, ...verify]);
    expect({ code, stderr }).toMatchObject({ code: 3 });
    expect(stdout).toContain(`${day}: unreadable`);
    expect(stdout).toMatch(/^door: all as recorded$/m);
  });

  it('shows its progress on a terminal, and on nothing else', async (test) => {
    test.skip(noScript !== undefined, noScript);
    const { where } = await madeStore();
    const typed = [...program, 'verify', ...where].join(' ');
    const terminal = ['--quiet', '--return', '--command', typed, '/dev/null'];
    const { code, stdout } = await run('script', terminal);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\r\u001b\[K\[[# ]{20}\] +\d+% /);
    const plain = await receiverCommand('verify', ...where);
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).not.toContain('%');
  });
});
