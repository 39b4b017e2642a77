/**
 * The file `.picchanged-closed` at the root of the captures marks that a camera was paired with this receiver. It
 * outlives the keys folder: a receiver that has lost its keys must not start as an open one.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import { Folder } from './folder.js';
import { publishFile } from './publish.js';

export const closedMarkName = '.picchanged-closed';
export const closedMarkText =
  'A camera was paired. While this file is there, a receiver whose keys are gone does not start.\n';

/** The mark of one store. */
export interface ClosedMark {
  /** For messages: a path or an address. */
  readonly place: string;
  /** @throws when the store cannot be read */
  isMade(): Promise<boolean>;
  /** Makes it durably, when it is missing. @throws when it is not made */
  make(): Promise<void>;
}

export function directoryMark(directory: string): ClosedMark {
  return {
    place: join(directory, closedMarkName),
    isMade: () => hasClosedMark(directory),
    make: () => inRoot(directory, makeClosedMark),
  };
}

/** @throws a system error when the directory cannot be read */
export function hasClosedMark(directory: string): Promise<boolean> {
  return inRoot(directory, isMarked);
}

// Anything with that name counts, a dangling link too: the receiver stays closed.
function isMarked(root: Folder): boolean {
  return root.lstat(closedMarkName) !== undefined;
}

/** Makes the mark durably, when it is missing. @throws a system error */
async function makeClosedMark(root: Folder): Promise<void> {
  if (isMarked(root)) return;
  const temporary = { folder: root, name: `${closedMarkName}.${randomUUID()}.part` };
  try {
    await root.writeNew(temporary.name, Buffer.from(closedMarkText));
    if (!(await publishFile(temporary, { folder: root, name: closedMarkName }))) return;
  } finally {
    root.removeIfThere(temporary.name);
  }
  try {
    await root.sync();
  } catch (error) {
    // After a failed flush the mark is made anew at the next start.
    root.removeIfThere(closedMarkName);
    throw error;
  }
}

async function inRoot<T>(directory: string, act: (root: Folder) => T | Promise<T>): Promise<T> {
  const root = await Folder.open(directory);
  try {
    return await act(root);
  } finally {
    await root.close();
  }
}

/**
 * Compares the mark with the keys folder, and makes it when a camera is paired.
 * @param isClosed the keys folder has the key of a camera
 * @throws {OperationalError} KEYS: a camera was paired once, and the keys folder has no key
 */
export async function checkClosedMark(
  mark: ClosedMark,
  isClosed: boolean,
  keysPath: string,
): Promise<void> {
  try {
    if (isClosed) {
      await mark.make();
      return;
    }
    if (!(await mark.isMade())) return;
  } catch (cause) {
    throw new OperationalError('STORE', `cannot use ${mark.place}`, { cause });
  }
  throw new OperationalError(
    'KEYS',
    `a camera was paired here, but there are no keys in ${keysPath}`,
    {
      hint:
        'restore the keys, or name their folder with --keys; ' +
        `to accept peers without a key again, remove ${mark.place}`,
    },
  );
}
