/** A camera whose clock is wrong, by libfaketime: both programs say so, in both directions, also when it is decades. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeClock, findLibfaketime } from '../faults/capabilities.js';
import { eventually } from '../support/eventually.js';
import { root, run, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const library = findLibfaketime();
const why = library === undefined ? 'libfaketime is missing: apt-get install faketime' : undefined;

interface Camera {
  readonly name: string;
  /** As libfaketime takes it. */
  readonly clock: string;
  readonly inStatus: RegExp;
  readonly atTheAgent: RegExp;
}

const cameras: readonly Camera[] = [
  {
    name: 'right',
    clock: '+0',
    inStatus: /^right: last frame \d+ s ago, \d+ frames? today \([^)]*\)$/m,
    atTheAgent: /^(?!.*clock)/s,
  },
  {
    name: 'behind',
    clock: '-3h',
    inStatus: /^behind: .*; its clock is 3 h behind this machine's$/m,
    atTheAgent: /this machine's clock is 3 h behind the receiver's: timedatectl/,
  },
  {
    name: 'ahead',
    clock: '+1825d',
    inStatus:
      /^ahead: last frame dated 1825 days ahead, .*; its clock is 1825 days ahead of this machine's$/m,
    atTheAgent: /this machine's clock is 1825 days ahead of the receiver's/,
  },
  {
    name: 'unset',
    clock: '@1970-01-02 00:00:00',
    inStatus:
      /^unset: last frame at an unknown time, .*; its clock is not set: its frames are in unclocked\/$/m,
    atTheAgent: /this machine's clock is \d+ days behind the receiver's/,
  },
];

const program = (name: string, ...args: string[]) =>
  run(process.execPath, [`${root}dist/${name}.js`, ...args]);

describe.skipIf(why !== undefined)(`a wrong clock${why === undefined ? '' : ` (${why})`}`, () => {
  it('is said by both status commands, the doctor and the log, in both directions', async () => {
    const captures = temporaryDirectory();
    const receiver = await startReceiverProgram(captures);
    const agents = cameras.map(({ name, clock }) => {
      const file = join(temporaryDirectory(), 'clock');
      writeFileSync(file, clock);
      const state = temporaryDirectory();
      const args = ['--host', receiver.address, '--source', 'scene', '--camera', name];
      const running = startAgent([...args, '--state', state, '--all', '--report-every', '10s'], {
        env: fakeClock(library, file),
      });
      return { state, running };
    });
    for (const { running } of agents) await running.says('first frame delivered');
    await eventually(async () => {
      const args = ['--dir', captures, '--camera', 'behind', '--json'];
      const { stdout } = await program('receiver', 'report', ...args);
      return stdout.includes('"clockErrorMs":-');
    }, 'a report of the camera that is behind');
    for (const { running } of agents) await running.stop();

    const status = (await program('receiver', 'status', '--dir', captures)).stdout;
    const doctor = (await program('receiver', 'doctor', '--dir', captures)).stdout;
    for (const [at, { name, inStatus, atTheAgent }] of cameras.entries()) {
      expect(status).toMatch(inStatus);
      const own = await program('agent', 'status', '--state', agents[at]?.state ?? '');
      expect(own.stdout).toMatch(atTheAgent);
      const level = name === 'right' ? 'ok' : 'warning';
      expect(doctor).toMatch(new RegExp(`^${level} +cameras +${name}: `, 'm'));
      const isLogged = receiver.stderr().includes(`the clock of ${name} is wrong`);
      expect(isLogged).toBe(name !== 'right');
    }
  });
});
