/** One agent per state directory: the agent holds flock(2) on a file in it. */
import { type FileHandle, constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { flock } from '../../shared/files/flock.js';

const lockName = 'lock';

/**
 * Locks a directory for the life of this process: the caller keeps the handle.
 * @throws {OperationalError} STATE: another agent holds the lock, or it cannot be taken
 */
export async function lockState(directory: string): Promise<FileHandle> {
  const path = join(directory, lockName);
  let file: FileHandle;
  try {
    file = await open(path, 'a', 0o600);
  } catch (cause) {
    throw new OperationalError('STATE', `cannot lock ${path}`, {
      cause,
      hint: 'give this user write access, or choose another directory with --state DIR',
    });
  }
  if (await lock(file, path, 'exclusive')) return file;
  await file.close();
  throw new OperationalError('STATE', `another agent uses the state directory ${directory}`, {
    hint: 'stop that agent, or choose another directory with --state DIR',
  });
}

/**
 * Whether an agent holds a directory's lock. Creates no file, and holds a shared lock for the test only.
 * @throws {OperationalError} STATE: the lock file cannot be opened or locked
 */
export async function isStateLocked(directory: string): Promise<boolean> {
  const path = join(directory, lockName);
  let file: FileHandle;
  try {
    // Root may ask about another user's agent, who may have planted a pipe: its open would wait for a writer.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false;
    throw new OperationalError('STATE', `cannot read ${path}`, { cause });
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
    if (result === 'unsupported') throw new Error('the file system does not support locks');
    return result === 'locked';
  } catch (cause) {
    await file.close();
    throw new OperationalError('STATE', `cannot lock ${path}`, {
      cause,
      hint: 'choose another directory with --state DIR',
    });
  }
}
