/** The options that all key commands share, and how such a command finds its keys folder and its camera. */
import { cameraName } from '../../../shared/protocol/camera-name.js';
import type { Environment } from '../../../shared/cli/command.js';
import { UsageError } from '../../../shared/cli/errors.js';
import { path } from '../../../shared/cli/value-types.js';
import { flag, value } from '../../../shared/cli/option-table.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { KeyFolder } from './key-folder.js';
import { commandKeysPath } from './keys-path.js';

export const keysTable = {
  keys: value(
    path('DIR'),
    "The keys folder. Without it: the installed receiver's, else the one that a receiver of this user takes.",
  ),
  help: flag('Show this help.'),
} as const;

/** @throws {OperationalError} KEYS: this user may not read the settings of the installation */
export async function openKeys(flag: string | undefined, env: Environment): Promise<KeyFolder> {
  return new KeyFolder(await commandKeysPath(flag, env));
}

/** @throws {UsageError} unless there is exactly one argument, and it is a camera name */
export function readCamera(positionals: readonly string[], command: string): string {
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) {
    throw new UsageError('exactly one camera name is required', {
      hint: `receiver ${command} NAME`,
    });
  }
  try {
    return cameraName.parse(name);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`'${name}': ${error.message}`);
  }
}
