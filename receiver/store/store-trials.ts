/** Trials of a captures directory: a few bytes are written where frames would be, and removed again. */
import { randomUUID } from 'node:crypto';
import { OperationalError } from '../../shared/cli/errors.js';
import { Folder } from './folder.js';
import { storeError } from './store-error.js';
import { markerName } from './store-marker.js';

/** @throws {OperationalError} STORE: it takes no file now */
export async function tryDirectory(directory: string): Promise<void> {
  // As an unfinished file: a later start removes what a kill leaves.
  const name = `.picchanged-trial-${randomUUID()}.part`;
  try {
    const root = await Folder.open(directory);
    try {
      if (root.lstat(markerName) === undefined) {
        throw new OperationalError('STORE', `${directory} has no ${markerName} any more`);
      }
      await root.writeNew(name, Buffer.from('trial\n'));
    } finally {
      root.removeIfThere(name);
      await root.close();
    }
  } catch (cause) {
    throw storeError(`cannot write in ${directory}`, cause);
  }
}
