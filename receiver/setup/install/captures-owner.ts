/** Future owner of the captures: the service runs as that user, who can then read them. */
import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError, systemCode } from '../../../shared/cli/errors.js';
import { type RunTool, ask } from '../../../shared/process/run-tool.js';

/**
 * The owner of the folder, or of the nearest existing folder above it.
 * @returns undefined where that is root: the captures then belong to the service user
 * @throws {UsageError} the folder belongs to root and is not empty
 */
export async function capturesOwner(
  directory: string,
  serviceUser: string,
  run: RunTool,
): Promise<string | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    let found;
    try {
      found = await stat(at);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') continue;
      throw new UsageError(`--dir ${directory}`, { cause: error });
    }
    if (!found.isDirectory()) throw new UsageError(`--dir ${directory}: ${at} is not a directory`);
    if (found.uid === 0) {
      // A missing home folder is a typing error.
      if (at === '/home') {
        throw new UsageError(`--dir ${directory}: no such home folder on this machine`);
      }
      if (at === directory && (await readdir(at)).length > 0) throw ownedByRoot(directory);
      return undefined;
    }
    const name = (await ask(run, 'getent', ['passwd', String(found.uid)]))?.split(':')[0];
    if (name === serviceUser) return undefined;
    if (name !== undefined) return name;
    const hint = `give it to a user of this machine: chown USER ${at}`;
    throw new UsageError(`${at} belongs to user id ${found.uid}, which has no name here`, { hint });
  }
}

function ownedByRoot(directory: string): UsageError {
  return new UsageError(`--dir ${directory} belongs to root and is not empty`, {
    hint: `choose an empty folder, or give it to a user: chown -R USER ${directory}`,
  });
}
