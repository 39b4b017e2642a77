/** The settings of an installed program, for a verb that is typed by hand: what the service itself reads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../cli/command.js';
import { systemCode } from '../../cli/errors.js';
import { readEnvironmentFile } from './environment-file.js';
import type { Scope } from './scope.js';

export interface InstalledSettings {
  readonly path: string;
  /** Empty when there is no file, or it may not be read. */
  readonly variables: Environment;
  /** `missing`: nothing is installed. `hidden`: this user may not read it. */
  readonly status: 'read' | 'missing' | 'hidden';
}

/** @param program `agent` or `receiver` @throws a system error other than a file that is not there or not ours */
export async function readInstalledSettings(
  scope: Scope,
  program: string,
): Promise<InstalledSettings> {
  const path = join(scope.settingsFolder, `${program}.env`);
  try {
    const text = await readFile(path, 'utf8');
    return { path, variables: Object.fromEntries(readEnvironmentFile(text)), status: 'read' };
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(code)) return { path, variables: {}, status: 'missing' };
    if (['EACCES', 'EPERM'].includes(code)) return { path, variables: {}, status: 'hidden' };
    throw error;
  }
}
