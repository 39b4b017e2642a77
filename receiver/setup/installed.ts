/** The captures directory for a command that runs beside an installed receiver. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, systemCode } from '../../shared/cli/errors.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { stateFolderName } from '../access/keys/keys-path.js';

/** @param flag `--dir` or the settings; without it, the directory of the units @throws {UsageError} there is none */
export async function capturesFor(flag: string | undefined, scope: Scope): Promise<string> {
  if (flag !== undefined) return flag;
  const missing = new UsageError('--dir is required', {
    hint: 'name the captures directory with --dir DIR',
  });
  if (scope.stateFolder === undefined) throw missing;
  const installed = join(scope.stateFolder, stateFolderName);
  try {
    await access(installed);
    return installed;
  } catch (error) {
    if (systemCode(error) === 'EACCES') return installed;
    throw missing;
  }
}
