/** Removes an installation: exactly the files, folders and units of the manifest. */
import { access, rm, rmdir } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../cli/errors.js';
import { ask } from '../../process/run-tool.js';
import { type Kept, keptBeside, saveEdited } from './kept-files.js';
import { madeUsersOf, manifestPath, readManifest } from './manifest.js';
import { type Scope, copyFolder } from './scope.js';
import { type Runner, logStep, runCommand, stopUnits, systemctl, tryCommand } from './runner.js';

/** The state folders of a program that is uninstalled. */
export interface Leftovers {
  /** Folders to remove: they hold no data of value. */
  readonly remove: readonly string[];
  /** Folders that stay, with the reason: captures, keys, undelivered frames. */
  readonly keep: readonly Kept[];
}

export interface Removal {
  readonly program: 'agent' | 'receiver';
  readonly scope: Scope;
  /** Called after the units are stopped. */
  readonly leftovers: () => Promise<Leftovers>;
}

/** @throws {OperationalError} INSTALL: nothing is installed, or a step failed; a second run continues */
export async function removeInstalled(removal: Removal, runner: Runner): Promise<void> {
  const { program, scope } = removal;
  const path = manifestPath(scope, program);
  const manifest = await readManifest(path);
  if (manifest === undefined) {
    throw new OperationalError('INSTALL', `${program} is not installed: ${path} does not exist`, {
      hint: scope.isUser
        ? "for the system's installation, leave out --user"
        : "for this user's installation, add --user",
    });
  }
  const { units, files, folders } = manifest;
  await stopUnits(runner, units);
  const hasUdevRule = Object.keys(files).some((file) => file.endsWith('.rules'));
  const copied = copyFolder(scope, program);
  const own = Object.keys(files).filter((file) => !file.startsWith(`${copied}/`));
  const saved = await saveEdited(own, manifest, runner);
  await removeFiles(Object.keys(files), runner, copied);
  await systemctl(runner, 'daemon-reload');
  // Removes failed units from systemd's list; fails for units that systemd does not have loaded.
  if (!runner.isDryRun)
    await ask(runner.run, 'systemctl', [...scopeFlag(scope), 'reset-failed', ...units]);
  if (hasUdevRule) await tryCommand(runner, 'udevadm', 'control', '--reload');
  const { remove, keep } = await removal.leftovers();
  for (const folder of remove) {
    if (!(await exists(folder))) continue;
    runner.print(`remove   ${folder}`);
    if (!runner.isDryRun) await rm(folder, { recursive: true, force: true });
  }
  for (const user of madeUsersOf(manifest)) await removeUser(user, keep, runner);
  await removeFiles([path], runner, copied);
  // The other program may have made the folders of both.
  const shared = [scope.settingsFolder, scope.libraryFolder];
  for (const folder of new Set([...folders.toReversed(), ...shared])) {
    await removeEmpty(folder, runner);
  }
  const isSaid = (folder: string): boolean =>
    [...remove, ...keep.map((kept) => kept.path)].some(
      (said) => `${folder}/`.startsWith(`${said}/`) || `${said}/`.startsWith(`${folder}/`),
    );
  const beside = (await keptBeside(manifest, scope, program)).filter((kept) => !isSaid(kept.path));
  for (const { path: kept, why } of [...keep, ...saved, ...beside]) {
    runner.print(`keep     ${kept}: ${why}`);
  }
}

const scopeFlag = ({ isUser }: Scope): string[] => (isUser ? ['--user'] : []);

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export async function removeFiles(
  paths: readonly string[],
  runner: Runner,
  copied: string,
): Promise<void> {
  logStep(runner, 'remove', paths, copied);
  if (runner.isDryRun) return;
  for (const path of paths) await rm(path, { force: true });
}

/** Keeps a user whose files stay: the next user with the same id would own them. */
async function removeUser(name: string, keep: Leftovers['keep'], runner: Runner): Promise<void> {
  if (keep.length > 0) {
    runner.print(`keep     user ${name}: owner of these files`);
    return;
  }
  if ((await ask(runner.run, 'getent', ['passwd', name])) === undefined) return;
  await runCommand(runner, 'userdel', name);
}

async function removeEmpty(folder: string, runner: Runner): Promise<void> {
  if (runner.isDryRun) return;
  try {
    await rmdir(folder);
    runner.print(`remove   ${folder}`);
  } catch (error) {
    // Not empty: it holds files that install did not write.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}
