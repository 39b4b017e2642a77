/** `receiver uninstall`: takes away what install wrote; captures and keys stay. */
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
import { stateFolderName } from '../access/keys/keys-place.js';
import { uninstallOptions } from '../setup/install/install-options.js';

const program = { name: 'receiver', table: uninstallOptions } as const;

const usage = `receiver uninstall

Closes the port and removes what receiver install wrote: units, settings, programs that were copied, the user.
Captures and keys stay, and it says where.

`;

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { options, positionals } = readCommandLine(program, argv, {});
  if (options.help) {
    writeTo(1, `${usage}${helpText(program)}\n`);
    return;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`'${positionals[0]}' is no flag; try --help`);
  const scope = scopeFor(options.user, env);
  // Read before the settings are gone.
  const { RECEIVER_DIR: dir, RECEIVER_KEYS: keys } = (
    await readInstalledSettings(scope, 'receiver')
  ).variables;
  const { stateFolder } = scope;
  const state = stateFolder === undefined ? [] : [join(stateFolder, stateFolderName)];
  // Keys first: where they are gone, the folder around them may go too.
  const folders = new Set([keys, ...state, dir].filter((path) => path !== undefined));
  const request = {
    words: ['receiver', 'uninstall', ...argv],
    package: ownPackage(),
    userId: process.getuid?.(),
  };
  const removal = { program: 'receiver', scope, leftovers: () => sort(folders, keys) } as const;
  await runUninstall(removal, request, options, runTool);
}

async function sort(folders: Iterable<string>, keys: string | undefined): Promise<Leftovers> {
  const remove: string[] = [];
  const keep: { path: string; why: string }[] = [];
  for (const path of folders) {
    const names = await namesIn(path);
    if (names === undefined) continue;
    const isNothing = (name: string): boolean =>
      /^\.(?:picchanged.*|locks?)$/.test(name) || remove.includes(join(path, name));
    if (names.every(isNothing)) remove.push(path);
    else if (path === keys) keep.push({ path, why: 'keys of cameras are in it' });
    // Told already, of the folder in it that has the keys.
    else if (!names.every((name) => isNothing(name) || join(path, name) === keys)) {
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
