/** `--consume` with real programs: kill -9 at any moment, and a receiver that is away, lose no picture. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { root, start, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

/** By content, how many pictures below a directory have it. */
function countsOf(directory: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of filesBelow(directory).filter((path) => path.endsWith('.jpg'))) {
    const content = readFileSync(join(directory, name), 'hex');
    counts.set(content, (counts.get(content) ?? 0) + 1);
  }
  return counts;
}

const contents = (directory: string): Set<string> => new Set(countsOf(directory).keys());

describe('an agent with --consume', () => {
  it('loses no picture when it is killed again and again', async () => {
    const [captures, folder, state] = [0, 0, 0].map(() => temporaryDirectory());
    if (!captures || !folder || !state) throw new Error('no directories');
    const receiver = await startReceiverProgram(captures);
    mkdirSync(join(folder, '2026-11-27'));
    const written = Array.from({ length: 60 }, (_, n) => {
      const path = join(folder, n % 2 ? '2026-11-27' : '.', `${n}.jpg`);
      writeFileSync(path, makeJpeg(n));
      return readFileSync(path, 'hex');
    });
    const args = [
      ...['--host', receiver.address, '--camera', 'yard', '--state', state, '--all'],
      ...['--source', `folder:${folder}`, '--recursive', '--consume', '--yes'],
    ];
    for (let kills = 0; kills < 5; kills += 1) {
      const left = filesBelow(folder).length;
      const agent = startAgent(args);
      await eventually(
        () => filesBelow(folder).length < Math.max(1, left - 5),
        'some are consumed',
      );
      agent.child.kill('SIGKILL');
      await agent.ended;
      // What is gone from the folder is at the receiver.
      const safe = new Set([...contents(captures), ...contents(folder)]);
      expect(written.filter((hex) => !safe.has(hex))).toEqual([]);
    }
    const last = startAgent(args);
    await eventually(() => filesBelow(folder).length === 0, 'all are consumed');
    expect(await last.stop()).toBe(0);
    expect(existsSync(join(folder, '2026-11-27'))).toBe(true);
    expect(countsOf(captures)).toEqual(new Map(written.map((hex) => [hex, 1])));
  });

  it('keeps each picture until every receiver has it', async () => {
    const [one, other, folder] = [0, 0, 0].map(() => temporaryDirectory());
    if (!one || !other || !folder) throw new Error('no directories');
    const first = await startReceiverProgram(one);
    const second = await startReceiverProgram(other);
    second.child.kill('SIGSTOP');
    writeFileSync(join(folder, 'a.jpg'), makeJpeg(1));
    const agent = startAgent([
      ...['--host', first.address, '--host', second.address, '--camera', 'yard', '--all'],
      ...['--source', `folder:${folder}`, '--consume', '--state', temporaryDirectory()],
    ]);
    await eventually(() => filesBelow(one).some((path) => path.endsWith('.jpg')), 'the first');
    expect(readdirSync(folder)).toEqual(['a.jpg']);
    second.child.kill('SIGCONT');
    await eventually(() => readdirSync(folder).length === 0, 'removed');
    expect(contents(other).size).toBe(1);
    expect(await agent.stop()).toBe(0);
  });

  it('sends no picture again after a restart, to the receiver that has it', async () => {
    const [one, other, folder, state] = [0, 0, 0, 0].map(() => temporaryDirectory());
    if (!one || !other || !folder || !state) throw new Error('no directories');
    const first = await startReceiverProgram(one);
    const second = await startReceiverProgram(other);
    await second.stop();
    const args = [
      ...['--host', first.address, '--host', second.address, '--camera', 'yard', '--all'],
      ...['--source', `folder:${folder}`, '--consume', '--state', state],
    ];
    const pictures = [1, 2, 3].map((n) => makeJpeg(n));
    const counts = new Map(pictures.map((jpeg) => [jpeg.toString('hex'), 1]));
    for (const [n, jpeg] of pictures.entries()) writeFileSync(join(folder, `${n}.jpg`), jpeg);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const agent = startAgent(args);
      await eventually(() => agent.stderr().includes('watching'), 'it watches');
      await eventually(() => countsOf(one).size === 3, 'the first has all');
      await delay(500);
      agent.child.kill(signal);
      await agent.ended;
      expect(countsOf(one)).toEqual(counts);
    }
    const again = ['--dir', other, '--listen', second.address];
    await start(process.execPath, [`${root}dist/receiver.js`, ...again]).says('keeping frames');
    const last = startAgent(args);
    await eventually(() => readdirSync(folder).length === 0, 'all are removed');
    expect(await last.stop()).toBe(0);
    for (const directory of [one, other]) expect(countsOf(directory)).toEqual(counts);
  });

  it('is refused for other sources', async () => {
    const agent = startAgent(['--host', '127.0.0.1:1', '--source', 'scene', '--consume']);
    expect(await agent.ended).toBe(2);
    expect(agent.stderr()).toContain('--consume works with --source folder:DIR only');
  });
});
