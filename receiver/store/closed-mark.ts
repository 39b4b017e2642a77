/**
 * The file `.picchanged-closed` at the root of the captures directory: a camera was paired with the receiver
 * that keeps its frames here. It outlives the keys folder, so that a receiver without its keys does not take
 * itself for one that never had any.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import { Folder } from './folder.js';
import { publishFile } from './publish.js';

const closedMarkName = '.picchanged-closed';
const text =
  'A camera was paired. While this file is there, a receiver whose keys are gone does not start.\n';

/** @throws a system error when that cannot be told */
export function hasClosedMark(directory: string): Promise<boolean> {
  return inRoot(directory, isMarked);
}

// Whatever it is: a link that leads nowhere opens no door.
async function isMarked(root: Folder): Promise<boolean> {
  return (await root.look(closedMarkName)) !== undefined;
}

/** Makes the mark when it is missing, durably. @throws a system error */
async function makeClosedMark(root: Folder): Promise<void> {
  if (await isMarked(root)) return;
  const temporary = { folder: root, name: `${closedMarkName}.${randomUUID()}.part` };
  try {
    await root.writeNew(temporary.name, Buffer.from(text));
    if (!(await publishFile(temporary, { folder: root, name: closedMarkName }))) return;
  } finally {
    await root.removeIfThere(temporary.name);
  }
  try {
    await root.sync();
  } catch (error) {
    // What failed to be flushed is made anew the next time, not taken for made.
    await root.removeIfThere(closedMarkName);
    throw error;
  }
}

async function inRoot<T>(directory: string, act: (root: Folder) => Promise<T>): Promise<T> {
  const root = await Folder.open(directory);
  try {
    return await act(root);
  } finally {
    await root.close();
  }
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
      await inRoot(directory, makeClosedMark);
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
        `to accept anyone again, remove ${join(directory, closedMarkName)}`,
    },
  );
}
