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
  /** The text of the file. Empty when the file is missing or cannot be read. */
  readonly text: string;
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
  return readSettingsFile(join(scope.settingsFolder, `${program}.env`));
}

/** @throws a system error, except for a missing or unreadable file */
export async function readSettingsFile(path: string): Promise<InstalledSettings> {
  try {
    const text = await readFile(path, 'utf8');
    return { path, text, variables: Object.fromEntries(readEnvironmentFile(text)), status: 'read' };
  } catch (error) {
    const nothing = { path, text: '', variables: {} };
    if (isAbsent(error)) return { ...nothing, status: 'missing' };
    const isHidden = ['EACCES', 'EPERM'].includes(systemCode(error) ?? '');
    if (isHidden) return { ...nothing, status: 'hidden' };
    throw error;
  }
}
