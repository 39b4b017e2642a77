/** The key commands of both programs, run as a user types them. */
import { join } from 'node:path';
import { root, run, startReceiverProgram } from './programs.js';
import { temporaryDirectory } from './temporary.js';

const script = (name: string): string => `${root}dist/${name}.js`;

export const receiverCommand = (...args: string[]) =>
  run(process.execPath, [script('receiver'), ...args]);
export const agentCommand = (...args: string[]) =>
  run(process.execPath, [script('agent'), ...args]);

/** A keys folder, a state directory, and the commands for both. */
export function household() {
  const keys = join(temporaryDirectory(), 'keys');
  const state = temporaryDirectory();
  const captures = temporaryDirectory();
  return {
    keys,
    state,
    captures,
    /** Starts a receiver with these keys. */
    receive: (...args: string[]) => startReceiverProgram(captures, ['--keys', keys, ...args]),
    /** The line that `receiver pair` prints, split into arguments. */
    line: async (camera: string, address: string, ...args: string[]): Promise<string[]> => {
      const where = ['--keys', keys, '--host', address];
      const { code, stdout, stderr } = await receiverCommand('pair', camera, ...where, ...args);
      if (code !== 0) throw new Error(stderr);
      return stdout.trimEnd().split(' ');
    },
    /** Runs that line at the camera. */
    type: (line: readonly string[]) => agentCommand(...line.slice(1), '--state', state),
    /** Arguments of an agent on the demo scene, with the state directory of the pairing. */
    scene: (address: string): string[] => [
      ...['--host', address, '--source', 'scene', '--interval', '100ms', '--all'],
      ...['--state', state, '--verbose'],
    ],
  };
}
