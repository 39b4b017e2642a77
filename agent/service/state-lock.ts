/** One agent a state directory: the agent holds flock(2) on a file in it. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { flock } from '../../shared/files/flock.js';

const lockName = 'lock';

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
  if (await lock(file, path, 'exclusive')) return file;
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
  const isFree = await lock(file, path, 'shared');
  await file.close();
  return !isFree;
}

/** @returns false when another process holds it @throws {OperationalError} STATE; the file is then closed */
async function lock(
  file: FileHandle,
  path: string,
  mode: 'exclusive' | 'shared',
): Promise<boolean> {
  try {
    const result = await flock(file, { mode });
    if (result === 'unsupported') throw new Error('the file system has no locks');
    return result === 'locked';
  } catch (cause) {
    await file.close();
    throw new OperationalError('STATE', `cannot lock ${path}`, {
      cause,
      hint: 'choose another directory with --state DIR',
    });
  }
}
