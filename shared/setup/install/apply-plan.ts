/**
 * Applies a plan: checks for conflicts, writes the manifest, then writes the files and prints each step. A second run
 * changes only what differs, and removes files that the plan no longer has.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationalError } from '../../cli/errors.js';
import { flushToDisk, replaceFile, writeNewFile } from '../../files/durable-file.js';
import { ifExists } from '../../files/if-exists.js';
import { version } from '../../cli/version.js';
import { ask } from '../../process/run-tool.js';
import { changeEnvironmentFile } from './environment-file.js';
import { sha256OfFile } from './file-digest.js';
import { saveEdited } from './kept-files.js';
import { type Manifest, madeUsersOf, manifestPath, readManifest } from './manifest.js';
import type { Plan, PlannedFile, PlannedSettings } from './plan.js';
import { makeFolders, makePlanned, share } from './planned-folders.js';
import { copyFolder } from './scope.js';
import { type Runner, logStep, runCommand, stopUnits, systemctl, tryCommand } from './runner.js';
import { writeSecret } from './secret-file.js';
import { restartReasons } from './restart-reasons.js';
import { removeFiles } from './remove-installed.js';

interface Digests {
  /** Undefined: the file does not exist. */
  readonly existing: string | undefined;
  readonly planned: string;
}

/** @param isForced overwrites files that install did not write @throws {OperationalError} INSTALL */
export async function applyPlan(plan: Plan, runner: Runner, isForced: boolean): Promise<void> {
  const path = manifestPath(plan.scope, plan.program);
  const previous = await readManifest(path);
  const settings: SettingsFile[] = [];
  for (const each of [plan.settings, ...(plan.moreSettings ?? [])]) {
    settings.push(await settingsFile(each, plan.scope.isUser, previous));
  }
  const files = [...plan.files, ...settings.map(({ file }) => file)];
  const digests = new Map<string, Digests>();
  for (const file of files) digests.set(file.path, await digestsOf(file));
  if (!isForced) refuseForeign(plan.files, digests, previous);

  const madeUsers = await makeUsers(plan, runner, previous);
  const folders = [...(previous?.folders ?? [])];
  for (const filePath of [path, ...files.map((file) => file.path)]) {
    await makeFolders(dirname(filePath), runner.isDryRun, folders);
  }
  // No service is restarted for them.
  let isMade = false;
  for (const folder of plan.folders) isMade = (await makePlanned(folder, runner)) || isMade;
  for (const file of plan.sharedFiles ?? []) isMade = (await share(file, runner)) || isMade;
  const edited = settings
    .map(({ file }) => file.path)
    .filter((each) => isEdited(previous?.files[each], digests.get(each)?.existing));
  // Uninstall keeps a settings file that existed before the first install.
  const owned = [...plan.files, ...settings.flatMap((each) => (each.isOwned ? [each.file] : []))];
  const paths = new Set(owned.map((file) => file.path));
  const current: Manifest = {
    files: Object.fromEntries(
      owned.map((file) => [file.path, digests.get(file.path)?.planned ?? '']),
    ),
    folders,
    units: [...plan.stop],
    data: [...new Set([...(previous?.data ?? []), ...plan.folders.map((folder) => folder.path)])],
    edited: [...new Set([...(previous?.edited ?? []), ...edited])].filter((each) =>
      paths.has(each),
    ),
    ...(madeUsers.length > 0 && { madeUsers, madeUser: madeUsers[0] }),
    version,
  };
  // First the manifest with old and new files: a file that is missing in it would never be removed.
  const both: Manifest = {
    ...current,
    files: { ...previous?.files, ...current.files },
    version: previous?.version,
    pending: true,
  };
  if (!runner.isDryRun) await writeManifest(path, both);

  const copied = copyFolder(plan.scope, plan.program);
  const changed = files.filter((file) => differs(digests.get(file.path)));
  logStep(
    runner,
    'write',
    changed.map((file) => file.path),
    copied,
  );
  for (const file of changed) await writePlanned(file, runner);
  const isNewSecret = plan.secret !== undefined && (await writeSecret(plan.secret, runner));
  const changes =
    changed.length + Number(isNewSecret) + (await removeStale(previous, current, runner, copied));
  const reasons =
    previous === undefined ? [] : await restartReasons(plan, previous, edited, runner);
  for (const reason of reasons) runner.print(`restart  ${reason}`);
  const isChange = changes > 0 || previous === undefined || reasons.length > 0;
  await start(plan, runner, isChange, hasMovedUnit(plan, previous));
  // Last: after a failure, the next install restarts the services.
  if (!runner.isDryRun) await writeManifest(path, current);
  if (!isChange && !isMade) runner.print('nothing has changed');
}

function isEdited(written: string | undefined, existing: string | undefined): boolean {
  return written !== undefined && written !== existing;
}

interface SettingsFile {
  readonly file: PlannedFile;
  /** Install has made it. */
  readonly isOwned: boolean;
}

/** A settings file: the existing text with the plan's values. */
async function settingsFile(
  { path, values, heading }: PlannedSettings,
  isUser: boolean,
  previous: Manifest | undefined,
): Promise<SettingsFile> {
  const existing = await ifExists(readFile(path, 'utf8'));
  const text = changeEnvironmentFile(existing ?? heading, values);
  const file: PlannedFile = { path, content: { text }, mode: isUser ? 0o600 : 0o640 };
  return { file, isOwned: existing === undefined || previous?.files[path] !== undefined };
}

async function digestsOf(file: PlannedFile): Promise<Digests> {
  const { content } = file;
  const planned =
    'text' in content
      ? createHash('sha256').update(content.text).digest('hex')
      : await ifExists(sha256OfFile(content.copyOf));
  if (planned === undefined) {
    throw new OperationalError(
      'INSTALL',
      `${'copyOf' in content ? content.copyOf : ''} does not exist`,
    );
  }
  return { existing: await ifExists(sha256OfFile(file.path)), planned };
}

function refuseForeign(
  files: readonly PlannedFile[],
  digests: ReadonlyMap<string, Digests>,
  previous: Manifest | undefined,
): void {
  for (const { path } of files) {
    const { existing, planned } = digests.get(path) ?? {};
    const written = previous?.files[path];
    if (existing === undefined || existing === planned || existing === written) continue;
    const hint =
      written === undefined
        ? 'move the file away, or overwrite it with --force'
        : 'put your changes into a drop-in (systemctl edit), or overwrite them with --force';
    const reason =
      written === undefined ? 'is not from install' : 'was changed since install wrote it';
    throw new OperationalError('INSTALL', `${path} ${reason}`, { hint });
  }
}

/** @returns the users that uninstall removes: those that this or an earlier install created */
async function makeUsers({ systemUsers }: Plan, runner: Runner, previous: Manifest | undefined) {
  const made = new Set(previous === undefined ? [] : madeUsersOf(previous));
  for (const { name, gecos, home } of systemUsers) {
    if ((await ask(runner.run, 'getent', ['passwd', name])) !== undefined) continue;
    const line = `u ${name} - "${gecos}" ${home}`;
    await runCommand(runner, 'systemd-sysusers', '--inline', line);
    made.add(name);
  }
  return [...made];
}

function differs(digests: Digests | undefined): boolean {
  return digests?.existing !== digests?.planned;
}

async function writePlanned({ path, content, mode }: PlannedFile, runner: Runner): Promise<void> {
  if (runner.isDryRun) {
    if ('text' in content) runner.print(`\n${path}:\n${content.text.replaceAll(/^/gm, '  | ')}`);
    return;
  }
  await replace(path, async (part) => {
    if ('text' in content) {
      await writeNewFile(part, content.text, { mode });
      return;
    }
    await copyFile(content.copyOf, part);
    await chmod(part, mode); // independent of the umask
    await flushToDisk(part);
  });
}

async function replace(path: string, write: (part: string) => Promise<void>): Promise<void> {
  const part = `${path}.part`;
  await rm(part, { force: true }); // left by a killed install
  await replaceFile(path, part, write);
}

/** @returns number of removed files */
async function removeStale(
  previous: Manifest | undefined,
  current: Manifest,
  runner: Runner,
  copied: string,
): Promise<number> {
  const stale = Object.keys(previous?.files ?? {}).filter(
    (path) => current.files[path] === undefined,
  );
  const units = (previous?.units ?? []).filter((unit) => !current.units.includes(unit));
  await stopUnits(runner, units);
  const own = stale.filter((path) => !path.startsWith(`${copied}/`));
  const saved = previous === undefined ? [] : await saveEdited(own, previous, runner);
  await removeFiles(stale, runner, copied);
  for (const { path, why } of saved) runner.print(`keep     ${path}: ${why}`);
  return stale.length;
}

/** An enabled unit was install's own and is now the package's, or the reverse: its links lead to the other file. */
function hasMovedUnit({ enable, files, scope }: Plan, previous: Manifest | undefined): boolean {
  if (previous === undefined) return false;
  const planned = new Set(files.map(({ path }) => path));
  return enable.some((unit) => {
    const path = join(scope.unitFolder, unit);
    return previous.units.includes(unit) && planned.has(path) !== path in previous.files;
  });
}

async function start(
  plan: Plan,
  runner: Runner,
  hasChanged: boolean,
  hasMoved: boolean,
): Promise<void> {
  if (!hasChanged) {
    // A user may have stopped or disabled the unit.
    if (plan.enable.length > 0) await systemctl(runner, 'enable', '--now', ...plan.enable);
    return;
  }
  await systemctl(runner, 'daemon-reload');
  if (plan.hasUdevRule) {
    // Fails on a machine without udev (a container), which has no webcams to plug in.
    await tryCommand(runner, 'udevadm', 'control', '--reload');
    await tryCommand(runner, 'udevadm', 'trigger', '--subsystem-match=video4linux', '--action=add');
  }
  if (plan.enable.length > 0) {
    await systemctl(runner, hasMoved ? 'reenable' : 'enable', ...plan.enable);
    // systemd does not restart a socket while its service runs.
    if (plan.restart.length > 0) await systemctl(runner, 'stop', ...plan.restart);
    await systemctl(runner, 'restart', ...plan.enable);
  } else if (plan.restart.length > 0) await systemctl(runner, 'try-restart', ...plan.restart);
}

async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  await replace(path, (part) => writeNewFile(part, text, { mode: 0o644 }));
}
