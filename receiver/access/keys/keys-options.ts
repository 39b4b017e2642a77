/** The options that all commands about keys have, and how a command finds its folder and its camera. */
import { cameraName } from '../../../shared/protocol/camera-name.js';
import type { Environment } from '../../../shared/cli/command.js';
import { UsageError } from '../../../shared/cli/errors.js';
import { path } from '../../../shared/cli/value-types.js';
import { flag, value } from '../../../shared/cli/option-table.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { KeyFolder } from './key-folder.js';
import { typedKeysPlace } from './keys-place.js';

export const keysTable = {
  keys: value(
    path('DIR'),
    "The keys folder. Without it: the installation's, else the one that the receiver itself would take.",
  ),
  help: flag('Show this.'),
} as const;

/** @throws {OperationalError} KEYS: there is an installation that this user may not look into */
export async function openKeys(asked: string | undefined, env: Environment): Promise<KeyFolder> {
  return new KeyFolder(await typedKeysPlace(asked, env));
}

/** @throws {UsageError} unless there is one word, and it is a camera's name */
export function readCamera(words: readonly string[], command: string): string {
  const [word, ...more] = words;
  if (word === undefined || more.length > 0) {
    throw new UsageError(`which camera? receiver ${command} NAME`);
  }
  try {
    return cameraName.parse(word);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`'${word}': ${error.message}`);
  }
}
