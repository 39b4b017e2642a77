/** The captures directory for a command that runs beside an installed receiver. */
import type { Environment } from '../../shared/cli/command.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { installedFolder } from '../../shared/setup/installed-folder.js';
import { stateFolderName } from '../access/keys/keys-path.js';
import { isBucketText } from '../store/s3/s3-address.js';

/**
 * @param flag `--dir` or the settings; without it, the directory of the units
 * @throws {UsageError} there is none
 * @throws {OperationalError} UNREADABLE: this user may not read the settings, which name it
 */
export async function capturesFor(flag: string | undefined, scope: Scope): Promise<string> {
  return requireDirectory(await installedPlace(flag, scope));
}

/** As `capturesFor`, for a command that also works on a bucket. @throws {UsageError} @throws {OperationalError} */
export async function placeFor(flag: string | undefined, scope: Scope): Promise<string> {
  return requirePlace(await installedPlace(flag, scope));
}

/** Variables of the installed receiver that say where captures are, for a command that has other settings. */
export async function placeSettings(scope: Scope): Promise<Environment> {
  const { variables } = await readInstalledSettings(scope, 'receiver');
  const isOfPlace = (name: string): boolean => /^RECEIVER_(?:DIR$|S3_)/.test(name);
  return Object.fromEntries(Object.entries(variables).filter(([name]) => isOfPlace(name)));
}

async function installedPlace(flag: string | undefined, scope: Scope): Promise<string | undefined> {
  if (flag !== undefined) return flag;
  const { status, path } = await readInstalledSettings(scope, 'receiver');
  if (status !== 'hidden') return installedFolder(scope, stateFolderName);
  // Without the settings any directory would be a guess.
  const message = `this user may not read where captures are: ${path}`;
  const hint = 'run the command with sudo, or name the captures directory with --dir DIR';
  throw new OperationalError('UNREADABLE', message, { hint });
}

/** @throws {UsageError} the captures directory is not named, or is a bucket */
export function requireDirectory(directory: string | undefined): string {
  const place = requirePlace(directory);
  if (!isBucketText(place)) return place;
  throw new UsageError(`--dir ${place} is a bucket, and this command works on a directory`, {
    hint: `copy the bucket: receiver copy ${place} DIR`,
  });
}

/** A captures directory, or a bucket. @throws {UsageError} it is not named */
export function requirePlace(place: string | undefined): string {
  if (place !== undefined) return place;
  const hint = 'name the captures directory with --dir DIR';
  throw new UsageError('--dir is required', { hint });
}
