/** The captures directory for a command that runs beside an installed receiver. */
import { UsageError } from '../../shared/cli/errors.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { installedFolder } from '../../shared/setup/installed-folder.js';
import { stateFolderName } from '../access/keys/keys-path.js';

/** @param flag `--dir` or the settings; without it, the directory of the units @throws {UsageError} there is none */
export async function capturesFor(flag: string | undefined, scope: Scope): Promise<string> {
  return requireDirectory(flag ?? (await installedFolder(scope, stateFolderName)));
}

/** @throws {UsageError} the captures directory is not named */
export function requireDirectory(directory: string | undefined): string {
  if (directory !== undefined) return directory;
  const hint = 'name the captures directory with --dir DIR';
  throw new UsageError('--dir is required', { hint });
}
