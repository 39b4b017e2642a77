/** Whose the captures are to be: the service runs as that user, so that whoever asked for them can read them. */
import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError, systemCode } from '../../../shared/cli/errors.js';
import { type RunTool, ask } from '../../../shared/process/run-tool.js';

/**
 * The user who has the folder, or the nearest one above it that is there.
 * @returns undefined where that is root: the captures are then the service user's
 * @throws {UsageError} it is root's and holds something already
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
    if (!found.isDirectory()) throw new UsageError(`--dir ${directory}: ${at} is no directory`);
    if (found.uid === 0) {
      // A home that is not there is a slip of the pen.
      if (at === '/home') throw new UsageError(`--dir ${directory}: nobody here has that home`);
      if (at === directory && (await readdir(at)).length > 0) throw rootsOwn(directory);
      return undefined;
    }
    const name = (await ask(run, 'getent', ['passwd', String(found.uid)]))?.split(':')[0];
    if (name === serviceUser) return undefined;
    if (name !== undefined) return name;
    const hint = `give it to somebody: chown USER ${at}`;
    throw new UsageError(`${at} belongs to user ${found.uid}, who is not known here`, { hint });
  }
}

function rootsOwn(directory: string): UsageError {
  return new UsageError(`--dir ${directory} belongs to root and is not empty`, {
    hint: `choose an empty one, or give it to somebody: chown -R USER ${directory}`,
  });
}
