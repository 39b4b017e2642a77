/** What a verb typed by hand knows of the installed receiver: where its captures are. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, systemCode } from '../../shared/cli/errors.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { stateFolderName } from '../access/keys/keys-place.js';

/** The captures directory: the one that was asked for or is in the settings, else that of the units. @throws {UsageError} */
export async function capturesFor(asked: string | undefined, scope: Scope): Promise<string> {
  if (asked !== undefined) return asked;
  const unsaid = new UsageError('which captures directory?', { hint: 'say it with --dir DIR' });
  if (scope.stateFolder === undefined) throw unsaid;
  const installed = join(scope.stateFolder, stateFolderName);
  try {
    await access(installed);
    return installed;
  } catch (error) {
    if (systemCode(error) === 'EACCES') return installed;
    throw unsaid;
  }
}
