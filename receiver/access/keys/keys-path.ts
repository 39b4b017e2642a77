/** Path of the keys folder: from flag or environment, from the installation, or in the user's state folder. */
import { join } from 'node:path';
import type { Environment } from '../../../shared/cli/command.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { installedValue, userStateFolder } from '../../../shared/setup/installed-value.js';

/** Name of the services' user, and of the folder that `StateDirectory=` of the units creates. */
export const stateFolderName = 'surveillance';

/** In a service's state folder. Hidden, since frames may be stored beside it. */
const serviceFolderName = '.keys';

/** For a receiver that serves. @param flag `--keys` or `$RECEIVER_KEYS`, which a service gets from its settings */
export function keysPath(flag: string | undefined, env: Environment): string {
  if (flag !== undefined) return flag;
  // Set by systemd; several folders are separated by colons.
  const stateDirectory = env.STATE_DIRECTORY?.split(':')[0];
  if (stateDirectory) return join(stateDirectory, serviceFolderName);
  return join(userStateFolder(env), 'picchanged-receiver', 'keys');
}

/**
 * For a command beside a receiver: the installation's folder takes precedence over the user's own.
 * @throws {OperationalError} KEYS: this user may not read the settings of the installation
 */
export async function commandKeysPath(flag: string | undefined, env: Environment): Promise<string> {
  if (flag !== undefined) return flag;
  return (await installedValue('receiver', 'RECEIVER_KEYS', env)) ?? keysPath(undefined, env);
}

/** Default for an installation: the folder that its service takes without `--keys`. */
export function installedKeysPath({ stateFolder }: Scope, env: Environment): string {
  if (stateFolder === undefined) return keysPath(undefined, { ...env, STATE_DIRECTORY: '' });
  return join(stateFolder, stateFolderName, serviceFolderName);
}
