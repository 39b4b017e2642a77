/** `receiver erase` as a process: what a real agent sent is erased, and its old copy of the spool brings nothing back. */
import { appendFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { freePort } from '../support/ports.js';
import { root, run, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const erase = (...args: string[]) =>
  run(process.execPath, [`${root}dist/receiver.js`, 'erase', ...args]);

/** `2026_11_22_08_30_15_123+0100.jpg` as a local time of whole seconds, moved. */
function secondOf(name: string, movedS: number): string {
  const [year, month, day, hour, minute, second] = name.split('_').map((part) => part.slice(-4));
  const local = Date.UTC(
    ...([Number(year), Number(month) - 1, Number(day)] as const),
    ...([Number(hour), Number(minute), Number(second)] as const),
  );
  return new Date(local + movedS * 1000).toISOString().slice(0, 19);
}

describe('receiver erase', () => {
  it(
    'keeps a stretch erased when an old copy of the spool is sent',
    { timeout: 300_000 },
    async () => {
      const [captures, state] = [temporaryDirectory(), join(temporaryDirectory(), 'state')];
      const port = await freePort();
      const agentArgs = [
        ...['--host', `127.0.0.1:${port}`, '--camera', 'yard', '--state', state],
        ...['--source', 'scene', '--all', '--interval', '250ms'],
      ];
      const spool = join(state, 'spool', `127.0.0.1_${port}`);
      const waiting = (): number =>
        existsSync(spool) ? readdirSync(spool).filter((name) => name.endsWith('.jpg')).length : 0;
      const first = startAgent(agentArgs);
      await eventually(() => waiting() >= 16, 'frames in the spool');
      await first.stop('SIGKILL');
      const copy = join(temporaryDirectory(), 'copy');
      cpSync(state, copy, { recursive: true });
      const receiver = await startReceiverProgram(captures, ['--listen', `127.0.0.1:${port}`]);
      const again = startAgent([...agentArgs, '--once']);
      expect(await again.ended).toBe(0);
      const frames = (): string[] => filesBelow(captures).filter((name) => name.endsWith('.jpg'));
      const names = frames().map((name) => name.split('/').at(-1) ?? '');
      expect(names.length).toBeGreaterThanOrEqual(16);
      const [from, to] = [secondOf(names[4] ?? '', 0), secondOf(names[4] ?? '', 2)];
      const stretch = ['--dir', captures, '--camera', 'yard', '--from', from, '--to', to];
      const missing = await erase(...stretch);
      expect(missing).toMatchObject({ code: 2 });
      expect(missing.stderr).toContain('--why missing');
      const dry = await erase(...stretch, '--why', 'a test', '--dry-run');
      expect(dry.stdout).toMatch(/^would erase \d+ frames?,/);
      expect(frames()).toHaveLength(names.length);
      const done = await erase(...stretch, '--why', 'a test');
      expect(done).toMatchObject({ code: 0, stderr: '' });
      const left = frames();
      const count = names.length - left.length;
      expect(done.stdout).toMatch(new RegExp(`^erased ${count} frames?, \\d\\.\\d MB of yard`));
      expect(count).toBeGreaterThan(0);
      const future = [
        '--dir',
        captures,
        '--camera',
        'yard',
        '--from',
        from,
        '--to',
        '2999-01-01T00:00',
      ];
      expect(await erase(...future, '--why', 'a test')).toMatchObject({ code: 2 });
      rmSync(state, { recursive: true });
      cpSync(copy, state, { recursive: true });
      appendFileSync(join(captures, 'yard', 'erased.jsonl'), '\nwhat is this\n');
      const old = startAgent([...agentArgs, '--once']);
      expect(await old.ended).toBe(0);
      expect(waiting()).toBe(0);
      const isOld = (name: string): boolean => names.includes(name.split('/').at(-1) ?? '');
      expect(frames().filter(isOld)).toEqual(left.filter(isOld));
      const record = readFileSync(
        join(captures, `${left[0]?.split('/').slice(0, 2).join('/') ?? ''}/record.jsonl`),
        'utf8',
      );
      expect(record).toContain('"summary":1');
      const said = receiver.stderr().match(/an erasure cannot be read: .*/g);
      expect(said).toEqual([expect.stringContaining('yard/erased.jsonl line 3')]);
      expect(await receiver.stop()).toBe(0);
    },
  );
});
