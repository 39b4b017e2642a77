/**
 * One setting of an installed service, for commands that are run beside it: read from the service's environment file,
 * so that both use the same folder.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../cli/command.js';
import { OperationalError } from '../cli/errors.js';
import { isAbsent } from '../files/if-exists.js';
import { readEnvironmentFile } from './install/environment-file.js';

const systemFolder = '/etc/picchanged';

/** The user's state folder by the XDG base directory specification. */
export function userStateFolder(env: Environment): string {
  return env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
}

/**
 * The value of a variable in the user's own installation, else in the system's.
 * @param systemSettings settings folder of the system
 * @returns undefined when neither sets it
 * @throws {OperationalError} KEYS: this user cannot read the settings of an installation
 */
export async function installedValue(
  program: 'agent' | 'receiver',
  variable: string,
  env: Environment,
  systemSettings = systemFolder,
): Promise<string | undefined> {
  const userSettings = join(
    env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'),
    'picchanged',
  );
  for (const folder of [userSettings, systemSettings]) {
    const path = join(folder, `${program}.env`);
    try {
      const value = readEnvironmentFile(await readFile(path, 'utf8'))
        .get(variable)
        ?.trim();
      if (value) return value;
    } catch (cause) {
      if (isAbsent(cause)) continue;
      const hint = "run the command with sudo: it needs the service's settings";
      throw new OperationalError('KEYS', `cannot read ${path}`, { cause, hint });
    }
  }
  return undefined;
}
