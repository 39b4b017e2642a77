/**
 * The file `.picchanged-closed` at the root of the captures directory: a camera was paired with the receiver
 * that keeps its frames here. It outlives the keys folder, so that a receiver without its keys does not take
 * itself for one that never had any.
 */
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk } from '../../shared/durable-file.js';
import { OperationalError, systemCode } from '../../shared/errors.js';

const closedMarkName = '.picchanged-closed';
const text =
  'A camera was paired. While this file is there, a receiver whose keys are gone does not start.\n';

/** @throws a system error when that cannot be told */
export async function hasClosedMark(directory: string): Promise<boolean> {
  try {
    // Whatever it is: a link that leads nowhere opens no door.
    await lstat(join(directory, closedMarkName));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Makes the mark when it is missing, durably. @throws a system error */
async function makeClosedMark(directory: string): Promise<void> {
  try {
    const file = await open(join(directory, closedMarkName), 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  await flushToDisk(directory);
}

/**
 * Compares the mark with what the keys folder says, and makes it when it is due.
 * @throws {OperationalError} KEYS: a camera was paired once, and the keys folder knows of none
 */
export async function checkClosedMark(
  directory: string,
  isClosed: boolean,
  keysPath: string,
): Promise<void> {
  try {
    if (isClosed) {
      await makeClosedMark(directory);
      return;
    }
    if (!(await hasClosedMark(directory))) return;
  } catch (cause) {
    throw new OperationalError('STORE', `cannot use ${join(directory, closedMarkName)}`, { cause });
  }
  throw new OperationalError(
    'KEYS',
    `a camera was paired here, and there are no keys in ${keysPath}`,
    {
      hint:
        'put the keys back, or say with --keys where they are; ' +
        `to hear anyone again, remove ${join(directory, closedMarkName)}`,
    },
  );
}
