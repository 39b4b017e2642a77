/**
 * flock(2), a lock between processes on an open file. The kernel releases it when the last descriptor of that open file
 * is closed, however the process ends. Node has no flock: util-linux's program locks the descriptor that it inherits,
 * and the lock stays when that program ends.
 */
import type { FileHandle } from 'node:fs/promises';
import { systemCode } from '../cli/errors.js';
import { runProgram } from '../process/run-program.js';

const firstInheritedFd = 3;
/** Time in addition to `waitS` to start a small program on a slow machine. */
const startLimitMs = 10_000;

export interface LockRequest {
  readonly mode: 'exclusive' | 'shared';
  /** How long to wait for the process that holds the lock, in whole seconds. Default: not at all. */
  readonly waitS?: number;
}

export type LockResult = 'locked' | 'held' | 'unsupported';

/**
 * @returns `held`: another process holds the lock. `unsupported`: the file system has no locks
 * @throws Error when there is no `flock` program, or it does not exit in time or is killed
 */
export async function flock(
  file: FileHandle,
  { mode, waitS = 0 }: LockRequest,
): Promise<LockResult> {
  const wait = waitS === 0 ? ['--nonblock'] : ['--timeout', String(waitS)];
  try {
    const { exitCode, isTimedOut } = await runProgram({
      program: 'flock',
      args: [...wait, `--${mode}`, String(firstInheritedFd)],
      inheritedFds: [file.fd],
      timeLimitMs: waitS * 1000 + startLimitMs,
      signal: new AbortController().signal,
    });
    if (isTimedOut) throw new Error('the flock program does not exit');
    if (exitCode === undefined) throw new Error('the flock program was killed');
    if (exitCode === 0) return 'locked';
    return exitCode === 1 ? 'held' : 'unsupported';
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new Error('the flock program is missing: install util-linux', { cause });
  }
}

/**
 * Locks files that no other process holds by one program, which starts flock for each: the start of a program blocks this
 * process for some 10 ms.
 * @returns false: at least one of them is not locked; `flock` tells of each, and leaves those that are locked as they are.
 *   Never rejects
 */
export async function flockAll(files: readonly FileHandle[]): Promise<boolean> {
  try {
    const { exitCode } = await runProgram({
      program: 'xargs',
      args: ['-n', '1', 'flock', '--nonblock', '--exclusive'],
      input: files.map((_, at) => `${firstInheritedFd + at}\n`).join(''),
      inheritedFds: files.map(({ fd }) => fd),
      timeLimitMs: startLimitMs,
      signal: new AbortController().signal,
    });
    return exitCode === 0;
  } catch {
    return false; // no such program: `flock` says what is missing
  }
}
