/** `--consume` with real programs: kill -9 at any moment, and a receiver that is away, lose no picture. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

/** The contents of all pictures below a directory. */
function contents(directory: string): Set<string> {
  const names = filesBelow(directory).filter((name) => name.endsWith('.jpg'));
  return new Set(names.map((name) => readFileSync(join(directory, name), 'hex')));
}

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

  it('is refused for other sources', async () => {
    const agent = startAgent(['--host', '127.0.0.1:1', '--source', 'scene', '--consume']);
    expect(await agent.ended).toBe(2);
    expect(agent.stderr()).toContain('--consume works with --source folder:DIR only');
  });
});
