/** Which keys folder is meant: by flag or environment, by the installation, or the user's own. */
import { join } from 'node:path';
import type { Environment } from '../../../shared/cli/command.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { installedValue, userStateFolder } from '../../../shared/setup/installed-value.js';

/** The user of the services, and the folder that `StateDirectory=` of the units makes. */
export const stateFolderName = 'surveillance';

/** In a service's state folder. Hidden, since frames may lie beside it. */
const serviceFolderName = '.keys';

/** For a receiver that serves. @param asked `--keys` or `$RECEIVER_KEYS`, which a service has from its settings */
export function keysPlace(asked: string | undefined, env: Environment): string {
  if (asked !== undefined) return asked;
  // Under systemd; several are separated by colons.
  const given = env.STATE_DIRECTORY?.split(':')[0];
  if (given) return join(given, serviceFolderName);
  return join(userStateFolder(env), 'picchanged-receiver', 'keys');
}

/**
 * For a command that is typed beside a receiver: an installation's folder goes before the user's own.
 * @throws {OperationalError} KEYS: there is an installation that this user may not look into
 */
export async function typedKeysPlace(asked: string | undefined, env: Environment): Promise<string> {
  if (asked !== undefined) return asked;
  return (await installedValue('receiver', 'RECEIVER_KEYS', env)) ?? keysPlace(undefined, env);
}

/** Where an installation has them, unless it is told otherwise: where its service would look anyway. */
export function installedKeysPlace({ stateFolder }: Scope, env: Environment): string {
  if (stateFolder === undefined) return keysPlace(undefined, { ...env, STATE_DIRECTORY: '' });
  return join(stateFolder, stateFolderName, serviceFolderName);
}
