/**
 * One agent a state directory. The lock is flock(2) on a file, which the kernel takes back when the process
 * ends, however it ends; Node has no flock, so util-linux's takes it on a descriptor that we keep.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { runProgram } from './run-program.js';

const lockName = 'lock';
/** Beyond what any machine needs to start a small program. */
const timeLimitMs = 10_000;

/**
 * Takes the lock of a directory for the life of this process: the handle must be kept.
 * @throws {OperationalError} STATE: another agent has it, or it cannot be taken
 */
export async function lockState(directory: string): Promise<FileHandle> {
  const path = join(directory, lockName);
  let file: FileHandle;
  try {
    file = await open(path, 'a', 0o600);
  } catch (cause) {
    throw new OperationalError('STATE', `cannot lock ${path}`, {
      cause,
      hint: 'let this user write there, or choose another with --state DIR',
    });
  }
  const exitCode = await flock(file, path, '--exclusive');
  if (exitCode === 0) return file;
  await file.close();
  throw new OperationalError('STATE', `another agent uses the state directory ${directory}`, {
    hint: 'stop it, or give this one another with --state DIR',
  });
}

/**
 * Whether an agent has a directory's lock. Nothing is made, and nobody is kept out but for a moment.
 * @throws {OperationalError} STATE: it cannot be told
 */
export async function isStateLocked(directory: string): Promise<boolean> {
  const path = join(directory, lockName);
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false;
    throw new OperationalError('STATE', `cannot look at ${path}`, { cause });
  }
  const exitCode = await flock(file, path, '--shared');
  await file.close();
  return exitCode === 1;
}

/** @returns 0 when the lock is ours, 1 when somebody else has it @throws {OperationalError} STATE */
async function flock(
  file: FileHandle,
  path: string,
  kind: '--exclusive' | '--shared',
): Promise<number> {
  try {
    const { exitCode, stderrTail } = await runProgram({
      program: 'flock',
      // The lock belongs to the open file that both processes share, and stays when flock has ended.
      args: ['--nonblock', kind, '3'],
      inheritedFd: file.fd,
      timeLimitMs,
      signal: new AbortController().signal,
    });
    if (exitCode === 0 || exitCode === 1) return exitCode;
    throw new Error(stderrTail.trim() || `flock ended with ${String(exitCode)}`);
  } catch (cause) {
    await file.close();
    const isMissing = systemCode(cause) === 'ENOENT';
    throw new OperationalError('STATE', `cannot lock ${path}`, {
      cause,
      hint: isMissing ? 'flock is missing: apt-get install util-linux' : 'use another --state DIR',
    });
  }
}
