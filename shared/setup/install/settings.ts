/** Reads the settings of an installed service, for commands that are run by hand. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../cli/command.js';
import { systemCode } from '../../cli/errors.js';
import { isAbsent } from '../../files/if-exists.js';
import { readEnvironmentFile } from './environment-file.js';
import type { Scope } from './scope.js';

export interface InstalledSettings {
  readonly path: string;
  /** Empty when the file is missing or cannot be read. */
  readonly variables: Environment;
  /** `missing`: nothing is installed. `hidden`: this user cannot read the file. */
  readonly status: 'read' | 'missing' | 'hidden';
}

/** @param program `agent` or `receiver` @throws a system error, except for a missing or unreadable file */
export async function readInstalledSettings(
  scope: Scope,
  program: string,
): Promise<InstalledSettings> {
  const path = join(scope.settingsFolder, `${program}.env`);
  try {
    const text = await readFile(path, 'utf8');
    return { path, variables: Object.fromEntries(readEnvironmentFile(text)), status: 'read' };
  } catch (error) {
    if (isAbsent(error)) return { path, variables: {}, status: 'missing' };
    const isHidden = ['EACCES', 'EPERM'].includes(systemCode(error) ?? '');
    if (isHidden) return { path, variables: {}, status: 'hidden' };
    throw error;
  }
}
