/**
 * What an installation has settled, for commands that are typed beside a service: one variable out of the
 * environment file that the service reads too, so that both mean the same folder.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../cli/command.js';
import { OperationalError, systemCode } from '../cli/errors.js';
import { readEnvironmentFile } from './install/environment-file.js';

const systemFolder = '/etc/picchanged';

/** Where programs of this user remember things, as XDG's specification has it. */
export function userStateFolder(env: Environment): string {
  return env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
}

/**
 * The value that the user's own installation gives a variable, else the system's.
 * @param folder the system's configuration
 * @returns undefined when neither sets it
 * @throws {OperationalError} KEYS: there is an installation that this user may not look into
 */
export async function installedValue(
  program: 'agent' | 'receiver',
  variable: string,
  env: Environment,
  folder = systemFolder,
): Promise<string | undefined> {
  const own = join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'picchanged');
  for (const each of [own, folder]) {
    const path = join(each, `${program}.env`);
    try {
      const value = readEnvironmentFile(await readFile(path, 'utf8'))
        .get(variable)
        ?.trim();
      if (value) return value;
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') continue;
      const hint = `type it with sudo: the service's settings are there`;
      throw new OperationalError('KEYS', `cannot read ${path}`, { cause, hint });
    }
  }
  return undefined;
}
