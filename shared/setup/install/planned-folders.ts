/** Makes the folders of a plan, and gives folders and files to the users and groups of the services. */
import { constants } from 'node:fs';
import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationalError } from '../../cli/errors.js';
import { ifExists } from '../../files/if-exists.js';
import { ask } from '../../process/run-tool.js';
import type { PlannedFolder, SharedFile } from './plan.js';
import type { Runner } from './runner.js';

/** Creates a folder and its missing parents. @param made collects the created folders */
export async function makeFolders(
  folder: string,
  isDryRun: boolean,
  made: string[],
): Promise<void> {
  if ((await ifExists(stat(folder))) !== undefined) return;
  await makeFolders(dirname(folder), isDryRun, made);
  if (!made.includes(folder)) made.push(folder);
  if (isDryRun) return;
  await mkdir(folder);
  await chmod(folder, 0o755); // independent of the umask
}

export async function makePlanned(
  { path, owner, mode }: PlannedFolder,
  runner: Runner,
): Promise<boolean> {
  const missing: string[] = [];
  for (let at = path; (await ifExists(stat(at))) === undefined; at = dirname(at))
    missing.unshift(at);
  for (const folder of missing) {
    runner.print(`make     ${folder}`);
    if (!runner.isDryRun) await mkdir(folder, { mode: folder === path ? mode : 0o750 });
  }
  if (owner === undefined) return missing.length > 0;
  let isChange = missing.length > 0;
  const ids = (await ask(runner.run, 'getent', ['passwd', owner]))?.split(':').slice(2, 4);
  const [uid, gid] = (ids ?? []).map(Number);
  for (const folder of new Set([...missing, path])) {
    if (uid === undefined || gid === undefined || (await ifExists(stat(folder)))?.uid === uid)
      continue;
    isChange = true;
    runner.print(`chown    ${folder} to ${owner}`);
    if (!runner.isDryRun) await chownFolder(folder, uid, gid);
  }
  return isChange;
}

/** Gives a file to a group. A link is not followed: it could lead to a file that is not to be shared. */
export async function share({ path, group, mode }: SharedFile, runner: Runner): Promise<boolean> {
  const gid = Number((await ask(runner.run, 'getent', ['group', group]))?.split(':')[2] ?? NaN);
  const found = await ifExists(stat(path));
  if (found === undefined || (found.gid === gid && (found.mode & 0o7777) === mode)) return false;
  runner.print(`share    ${path} with group ${group}`);
  if (runner.isDryRun || Number.isNaN(gid)) return true;
  const file = await open(path, constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = await file.stat();
    if (!opened.isFile() || opened.nlink > 1) {
      throw new OperationalError('INSTALL', `${path} is not a file of its own`);
    }
    await file.chown(opened.uid, gid);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
  return true;
}

/** Does not follow links: in a user's home, the user could replace the folder by a link. */
async function chownFolder(folder: string, uid: number, gid: number): Promise<void> {
  const handle = await open(folder, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chown(uid, gid);
  } finally {
    await handle.close();
  }
}
