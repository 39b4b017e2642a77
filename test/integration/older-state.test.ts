/** What `--once` of 0.1.0 keeps for the next run, read by this version. */
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { unpackVersion01 } from '../support/old-version.js';
import { filesBelow } from '../support/files.js';
import { root, start, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const old = unpackVersion01();

it('is recognised, said once, and begun anew: one first frame, no alarm, then the visitor', async () => {
  const [directory, state] = [temporaryDirectory(), temporaryDirectory()];
  const { address } = await startReceiverProgram(directory);
  const picture = join(temporaryDirectory(), 'a.jpg');
  const visit = `${root}test/fixtures/visit`;
  const frames = readdirSync(visit).filter((name) => name.endsWith('.jpg'));
  const args = ['--host', address, '--once', '--state', state, '--source', `file:${picture}`];
  const shoot = async (frame: string, isOld = false) => {
    copyFileSync(join(visit, frame), picture);
    // At shorter intervals a change needs two frames.
    await delay(1000);
    const options = { env: { XDG_RUNTIME_DIR: state } };
    const agent = isOld
      ? start(process.execPath, [old.agent, ...args], options)
      : startAgent([...args, '--json'], options);
    expect({ code: await agent.ended, stderr: agent.stderr() }).toMatchObject({ code: 0 });
    return agent;
  };
  const [empty = '', inView = ''] = [frames[0], frames[Math.floor(frames.length / 2)]];
  for (let run = 0; run < 3; run += 1) await shoot(empty, true);
  const kept = () => readFileSync(join(state, 'judge-memory')).toString('latin1', 0, 11);
  expect(existsSync(join(state, 'judge-memory'))).toBe(true);
  expect(kept()).toBe('PICCJUDGE3\n');
  expect(filesBelow(directory)).toHaveLength(1);

  const first = await shoot(empty);
  expect(first.stderr()).toContain('written by an older version of the agent');
  expect(kept()).toBe('PICCJUDGE4\n');
  for (let run = 0; run < 3; run += 1) {
    expect((await shoot(empty)).stderr()).not.toContain('older version');
  }
  expect(filesBelow(directory)).toHaveLength(2);
  await shoot(inView);
  // The visitor, and the frame before.
  expect(filesBelow(directory)).toHaveLength(4);
});
