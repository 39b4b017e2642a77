/** The receiver's way to run another program: no shell, none of its output, a time limit. */
import { spawn } from 'node:child_process';

/** From the start to SIGKILL. */
const timeLimitMs = 5000;

/**
 * Runs a program to its end with one of our open files as its file descriptor 3.
 * @returns its exit code; undefined when a signal or the time limit ended it
 * @throws a system error, ENOENT when there is no such program
 */
export function runWithFile(
  program: string,
  args: readonly string[],
  fd: number,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      // Nothing of ours but where programs are: sockets and notifications are not for it.
      env: { PATH: process.env.PATH },
      timeout: timeLimitMs,
      killSignal: 'SIGKILL',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? undefined));
  });
}
