/** Takes an installation away again: exactly what install wrote down. */
import { access, rm, rmdir } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../cli/errors.js';
import { ask } from '../../process/run-tool.js';
import { manifestPath, readManifest } from './manifest.js';
import { type Scope, copyFolder } from './scope.js';
import { type Runner, order, stopUnits, systemctl, logStep, tryOrder } from './runner.js';

/** What lies in the state folders, for a program that is about to go. */
export interface Leftovers {
  /** Folders to remove: nothing in them is of use to anybody. */
  readonly remove: readonly string[];
  /** Folders that stay, and why: captures, keys, frames that were not delivered. */
  readonly keep: readonly { readonly path: string; readonly why: string }[];
}

export interface Removal {
  readonly program: 'agent' | 'receiver';
  readonly scope: Scope;
  /** Looks at them once nothing runs any more. */
  readonly leftovers: () => Promise<Leftovers>;
}

/** @throws {OperationalError} INSTALL: nothing is installed, or a step failed; run again it goes on */
export async function removeInstalled(removal: Removal, orders: Runner): Promise<void> {
  const { program, scope } = removal;
  const path = manifestPath(scope, program);
  const manifest = await readManifest(path);
  if (manifest === undefined) {
    throw new OperationalError('INSTALL', `there is no ${path}: nothing is installed there`, {
      hint: scope.isUser ? 'without --user?' : 'with --user?',
    });
  }
  const { units, files, folders, madeUser } = manifest;
  await stopUnits(orders, units);
  const hasUdevRule = Object.keys(files).some((file) => file.endsWith('.rules'));
  const copied = copyFolder(scope, program);
  await removeFiles(Object.keys(files), orders, copied);
  await systemctl(orders, 'daemon-reload');
  // systemd would go on naming units that failed. It complains of those that it has forgotten.
  if (!orders.isDryRun)
    await ask(orders.run, 'systemctl', [...scopeFlag(scope), 'reset-failed', ...units]);
  if (hasUdevRule) await tryOrder(orders, 'udevadm', 'control', '--reload');
  const { remove, keep } = await removal.leftovers();
  for (const folder of remove) {
    if (!(await isThere(folder))) continue;
    orders.say(`remove   ${folder}`);
    if (!orders.isDryRun) await rm(folder, { recursive: true, force: true });
  }
  await removeUser(madeUser, keep, orders);
  await removeFiles([path], orders, copied);
  for (const folder of folders.toReversed()) await removeEmpty(folder, orders);
  for (const { path: kept, why } of keep) orders.say(`keep     ${kept}: ${why}`);
}

const scopeFlag = ({ isUser }: Scope): string[] => (isUser ? ['--user'] : []);

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export async function removeFiles(
  paths: readonly string[],
  orders: Runner,
  copied: string,
): Promise<void> {
  logStep(orders, 'remove', paths, copied);
  if (orders.isDryRun) return;
  for (const path of paths) await rm(path, { force: true });
}

/** A user whose files stay, stays: they would belong to whoever gets the number next. */
async function removeUser(
  name: string | undefined,
  keep: Leftovers['keep'],
  orders: Runner,
): Promise<void> {
  if (name === undefined) return;
  if (keep.length > 0) {
    orders.say(`keep     the user ${name}, whose they are`);
    return;
  }
  if ((await ask(orders.run, 'getent', ['passwd', name])) === undefined) return;
  await order(orders, 'userdel', name);
}

async function removeEmpty(folder: string, orders: Runner): Promise<void> {
  if (orders.isDryRun) return;
  try {
    await rmdir(folder);
    orders.say(`remove   ${folder}`);
  } catch (error) {
    // Somebody else has something there.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}
