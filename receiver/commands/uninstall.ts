/** `receiver uninstall`: removes what install wrote; captures and keys stay. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { UsageError, systemCode } from '../../shared/cli/errors.js';
import { runUninstall } from '../../shared/setup/install/install-run.js';
import { ownPackage } from '../../shared/setup/install/package-root.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import type { Leftovers } from '../../shared/setup/install/remove-installed.js';
import { helpText, readCommandLine } from '../../shared/cli/option-table.js';
import { runTool } from '../../shared/process/run-tool.js';
import { stateFolderName } from '../access/keys/keys-path.js';
import { uninstallOptions } from '../setup/install/install-options.js';

const program = { name: 'receiver', table: uninstallOptions } as const;

const usage = `receiver uninstall

Closes the port and removes what receiver install wrote: units, settings, copied programs, the user.
Captures and keys stay; their folders are printed.

`;

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { options, positionals } = readCommandLine(program, argv, {});
  if (options.help) {
    writeTo(1, `${usage}${helpText(program)}\n`);
    return;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`unexpected argument '${positionals[0]}'`, { hint: 'try --help' });
  const scope = scopeFor(options.user, env);
  // Read before the settings are removed.
  const { RECEIVER_DIR: dir, RECEIVER_KEYS: keys } = (
    await readInstalledSettings(scope, 'receiver')
  ).variables;
  const { stateFolder } = scope;
  const state = stateFolder === undefined ? [] : [join(stateFolder, stateFolderName)];
  // Keys first: when their folder is removed, the folder around it may be empty too.
  const folders = new Set([keys, ...state, dir].filter((path) => path !== undefined));
  const request = {
    words: ['receiver', 'uninstall', ...argv],
    package: ownPackage(),
    userId: process.getuid?.(),
  };
  const removal = {
    program: 'receiver',
    scope,
    leftovers: () => sortLeftovers(folders, keys),
  } as const;
  await runUninstall(removal, request, options, runTool);
}

async function sortLeftovers(
  folders: Iterable<string>,
  keys: string | undefined,
): Promise<Leftovers> {
  const remove: string[] = [];
  const keep: { path: string; why: string }[] = [];
  for (const path of folders) {
    const names = await namesIn(path);
    if (names === undefined) continue;
    const isDisposable = (name: string): boolean =>
      /^\.(?:picchanged.*|locks?)$/.test(name) || remove.includes(join(path, name));
    if (names.every(isDisposable)) remove.push(path);
    else if (path === keys) keep.push({ path, why: 'keys of cameras are in it' });
    // A folder that holds only the keys folder is not listed a second time.
    else if (!names.every((name) => isDisposable(name) || join(path, name) === keys)) {
      keep.push({ path, why: 'captures are in it' });
    }
  }
  return { remove, keep };
}

async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
