/**
 * Carries out a plan: looks first whether anything stands in the way, writes down what is going to be there,
 * then puts it in place and tells each step. Run again it changes what differs, and removes what is no longer
 * of the plan.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationalError, systemCode } from '../../cli/errors.js';
import { ask } from '../../process/run-tool.js';
import { changeEnvironmentFile } from './environment-file.js';
import { type Manifest, manifestPath, readManifest } from './manifest.js';
import type { Plan, PlannedFile, PlannedFolder } from './plan.js';
import { copyFolder } from './scope.js';
import { type Runner, order, stopUnits, systemctl, logStep, tryOrder } from './runner.js';
import { removeFiles } from './remove-installed.js';

interface Found {
  /** Undefined: it is not there. */
  readonly sha256: string | undefined;
  readonly wanted: string;
}

/** @param isForced files that install did not write are overwritten too @throws {OperationalError} INSTALL */
export async function applyPlan(plan: Plan, orders: Runner, isForced: boolean): Promise<void> {
  const path = manifestPath(plan.scope, plan.program);
  const before = await readManifest(path);
  const settings = await settingsFile(plan, before);
  const files = [...plan.files, settings.file];
  const found = new Map<string, Found>();
  for (const file of files) found.set(file.path, await lookAt(file));
  if (!isForced) refuseForeign(plan.files, found, before);

  const madeUser = await makeUser(plan, orders, before);
  const folders = [...(before?.folders ?? [])];
  for (const file of [path, ...files.map((each) => each.path)]) {
    await makeFolders(dirname(file), orders.isDryRun, folders);
  }
  for (const folder of plan.folders) await makePlanned(folder, orders);
  // Settings that were there before us are not ours to remove.
  const ours = settings.isOurs ? files : plan.files;
  const now: Manifest = {
    files: Object.fromEntries(ours.map((file) => [file.path, found.get(file.path)?.wanted ?? ''])),
    folders,
    units: [...plan.stop],
    ...(madeUser !== undefined && { madeUser }),
  };
  // What is written down and was not put in place does no harm; the other way round it would stay for ever.
  const both = { ...now, files: { ...before?.files, ...now.files } };
  if (!orders.isDryRun) await writeWhole(path, both);

  const copied = copyFolder(plan.scope, plan.program);
  const changed = files.filter(({ path: each }) => isChange(found.get(each)));
  logStep(
    orders,
    'write',
    changed.map((file) => file.path),
    copied,
  );
  for (const file of changed) await put(file, orders);
  const changes = changed.length + (await removeStale(before, now, orders, copied));
  if (!orders.isDryRun) await writeWhole(path, now);
  await start(plan, orders, changes > 0 || before === undefined);
  if (changes === 0) orders.say('nothing has changed');
}

/** The settings as they are to be: what is there, with what the plan says of them. */
async function settingsFile(plan: Plan, before: Manifest | undefined) {
  const { path, values, heading } = plan.settings;
  const there = await readIfThere(path);
  const text = changeEnvironmentFile(there ?? heading, values);
  const file: PlannedFile = { path, content: { text }, mode: plan.scope.isUser ? 0o600 : 0o640 };
  return { file, isOurs: there === undefined || before?.files[path] !== undefined };
}

async function lookAt(file: PlannedFile): Promise<Found> {
  const { content } = file;
  const wanted =
    'text' in content
      ? createHash('sha256').update(content.text).digest('hex')
      : await sha256OfFile(content.copyOf);
  if (wanted === undefined) {
    throw new OperationalError(
      'INSTALL',
      `there is no ${'copyOf' in content ? content.copyOf : ''}`,
    );
  }
  return { sha256: await sha256OfFile(file.path), wanted };
}

function refuseForeign(
  files: readonly PlannedFile[],
  found: ReadonlyMap<string, Found>,
  before: Manifest | undefined,
): void {
  for (const { path } of files) {
    const { sha256, wanted } = found.get(path) ?? {};
    const written = before?.files[path];
    if (sha256 === undefined || sha256 === wanted || sha256 === written) continue;
    const hint =
      written === undefined
        ? 'move it away, or overwrite it with --force'
        : 'put your changes into a drop-in (systemctl edit), or overwrite them with --force';
    const what =
      written === undefined ? 'is not from install' : 'was changed since install wrote it';
    throw new OperationalError('INSTALL', `${path} ${what}`, { hint });
  }
}

/** @returns the user to remove again one day */
async function makeUser({ systemUser }: Plan, orders: Runner, before: Manifest | undefined) {
  if (systemUser === undefined) return before?.madeUser;
  const { name, gecos } = systemUser;
  if ((await ask(orders.run, 'getent', ['passwd', name])) !== undefined) {
    return before?.madeUser === name ? name : undefined;
  }
  await order(orders, 'systemd-sysusers', '--inline', `u ${name} - "${gecos}" /var/lib/${name}`);
  return name;
}

/** Makes a folder and what is missing above it. @param made gets what was made */
async function makeFolders(folder: string, isDryRun: boolean, made: string[]): Promise<void> {
  if ((await statIfThere(folder)) !== undefined) return;
  await makeFolders(dirname(folder), isDryRun, made);
  if (!made.includes(folder)) made.push(folder);
  if (isDryRun) return;
  await mkdir(folder);
  await chmod(folder, 0o755); // whatever the umask is
}

async function makePlanned({ path, owner, mode }: PlannedFolder, orders: Runner): Promise<void> {
  const missing: string[] = [];
  for (let at = path; (await statIfThere(at)) === undefined; at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    orders.say(`make     ${folder}`);
    if (!orders.isDryRun) await mkdir(folder, { mode: folder === path ? mode : 0o750 });
  }
  if (owner === undefined) return;
  const ids = (await ask(orders.run, 'getent', ['passwd', owner]))?.split(':').slice(2, 4);
  const [uid, gid] = (ids ?? []).map(Number);
  for (const folder of new Set([...missing, path])) {
    if (uid === undefined || gid === undefined || (await statIfThere(folder))?.uid === uid)
      continue;
    orders.say(`give     ${folder} to ${owner}`);
    if (!orders.isDryRun) await give(folder, uid, gid);
  }
}

/** In somebody's home a name may have become a link to anywhere: it is not followed. */
async function give(folder: string, uid: number, gid: number): Promise<void> {
  const handle = await open(folder, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chown(uid, gid);
  } finally {
    await handle.close();
  }
}

function isChange(found: Found | undefined): boolean {
  return found?.sha256 !== found?.wanted;
}

async function put({ path, content, mode }: PlannedFile, orders: Runner): Promise<void> {
  if (orders.isDryRun) {
    if ('text' in content) orders.say(`\n${path}:\n${content.text.replaceAll(/^/gm, '  | ')}`);
    return;
  }
  const part = `${path}.part`;
  await rm(part, { force: true });
  if ('text' in content) await writeFile(part, content.text, { mode });
  else await copyFile(content.copyOf, part);
  // Whatever the umask is.
  await chmod(part, mode);
  await rename(part, path);
}

/** @returns how many files went */
async function removeStale(
  before: Manifest | undefined,
  now: Manifest,
  orders: Runner,
  copied: string,
): Promise<number> {
  const stale = Object.keys(before?.files ?? {}).filter((path) => now.files[path] === undefined);
  const units = (before?.units ?? []).filter((unit) => !now.units.includes(unit));
  await stopUnits(orders, units);
  await removeFiles(stale, orders, copied);
  return stale.length;
}

async function start(plan: Plan, orders: Runner, hasChanged: boolean): Promise<void> {
  if (!hasChanged) {
    // Somebody may have stopped it.
    if (plan.enable.length > 0) await systemctl(orders, 'enable', '--now', ...plan.enable);
    return;
  }
  await systemctl(orders, 'daemon-reload');
  if (plan.hasUdevRule) {
    // A machine without udev (a container) has no plugs either.
    await tryOrder(orders, 'udevadm', 'control', '--reload');
    await tryOrder(orders, 'udevadm', 'trigger', '--subsystem-match=video4linux', '--action=add');
  }
  if (plan.enable.length > 0) {
    await systemctl(orders, 'enable', ...plan.enable);
    // A socket is not started again while its service has it.
    if (plan.restart.length > 0) await systemctl(orders, 'stop', ...plan.restart);
    await systemctl(orders, 'restart', ...plan.enable);
  }
}

async function writeWhole(path: string, manifest: Manifest): Promise<void> {
  const part = `${path}.part`;
  await writeFile(part, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await chmod(part, 0o644);
  await rename(part, path);
}

async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  return hash.digest('hex');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
