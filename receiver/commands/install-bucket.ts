/** The part of `receiver install` for a bucket: what it needs, and what a service with a bucket cannot have. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../../shared/clock.js';
import { OperationalError, UsageError, describeError } from '../../shared/cli/errors.js';
import { flagName } from '../../shared/cli/option-table.js';
import { ifExists } from '../../shared/files/if-exists.js';
import type { GivenSettings } from '../../shared/setup/install/given-settings.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import {
  type BucketPlanRequest,
  noBucketAccess,
  s3CredentialFile,
  s3ReadCredentialFile,
} from '../setup/install/bucket-plan.js';
import type { RetentionDefaults } from '../setup/install/retention-defaults.js';
import { openBucketMarker } from '../store/s3/bucket-marker.js';
import { type BucketOptions, addressOf, openBucket } from '../store/s3/open-bucket.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { bucketOnly } from './settings.js';

export interface BucketRequest {
  /** `s3://BUCKET/PREFIX` */
  readonly place: string;
  readonly scope: Scope;
  readonly isAccept: boolean;
  /** Flags of this install, as settings; undefined: taken back. */
  readonly given: GivenSettings;
  /** Settings of the installation before. */
  readonly installed: Readonly<Record<string, string | undefined>>;
}

export interface BucketToInstall {
  readonly bucket: BucketPlanRequest;
  readonly defaults: RetentionDefaults;
}

const maxAge = 'RECEIVER_MAX_AGE';
const maxSize = 'RECEIVER_MAX_SIZE';
const minFree = 'RECEIVER_MIN_FREE';
const health = 'RECEIVER_HEALTH';
const drain = 'RECEIVER_DRAIN';

const giveUpAfterMs = 4000;

/** @throws {UsageError} the service would not work, or other users could read its keys */
export async function bucketToInstall(request: BucketRequest): Promise<BucketToInstall> {
  const { place, scope, isAccept, given, installed } = request;
  addressOf(place);
  if (isAccept) {
    throw new UsageError(`--accept does not work with ${place}`, {
      hint: 'each connection would be a process that asks the object store first: add --accept=no',
    });
  }
  if (given[minFree]) {
    throw new UsageError(`--min-free has no meaning on ${place}: a bucket has no free space`, {
      hint: 'leave it out, and use --max-age or --max-size',
    });
  }
  // Limits of a directory that was installed before are not for what is in a bucket.
  const isMove = !isBucketText(installed.RECEIVER_DIR ?? '');
  const taken: GivenSettings = { [minFree]: undefined };
  if (isMove) for (const name of [maxAge, maxSize]) taken[name] = given[name];
  const settings: GivenSettings = { ...installed, ...given, ...taken };
  if (!settings.RECEIVER_S3_ENDPOINT) {
    throw new UsageError('--s3-endpoint is missing', {
      hint: `say where the object store of ${place} answers: --s3-endpoint https://HOST`,
    });
  }
  if (settings[drain] && !settings[health]) {
    throw new UsageError('--drain needs --health: nothing says that the receiver is about to end', {
      hint: 'add --health [ADDRESS:]PORT, or take --drain back: --drain none',
    });
  }
  const hasReadKeys = scope.isUser ? false : await hasReadCredentials();
  await checkCredentialFile(scope.isUser ? settings.RECEIVER_S3_CREDENTIALS : s3CredentialFile);
  const isLimited = Boolean(settings[maxAge] || settings[maxSize]);
  const install = scope.isUser ? 'receiver install --user' : 'sudo receiver install';
  const unlimited = `nothing is deleted: there is no limit. To delete what is older than 30 days: ${install} --max-age 30d`;
  const access = Object.keys(noBucketAccess).map((name) => [name, settings[name] || undefined]);
  return {
    bucket: {
      ...{ place, hasReadKeys, hasHealth: Boolean(settings[health]) },
      access: Object.fromEntries(access) as BucketPlanRequest['access'],
    },
    defaults: {
      settings: taken,
      isLimited,
      notes: [
        ...(isLimited ? [] : [unlimited]),
        `try the bucket: ${scope.isUser ? 'receiver doctor --user' : 'sudo receiver doctor'}`,
      ],
    },
  };
}

/**
 * Makes the id of the bucket, which viewer and notices need, and a receiver makes when a camera connects.
 * @returns sentences to print after install: the bucket does not work yet
 */
export async function beginBucket(
  place: string,
  options: BucketOptions,
  scope: Scope,
): Promise<readonly string[]> {
  const env = scope.isUser ? {} : { CREDENTIALS_DIRECTORY: dirname(s3CredentialFile) };
  const client = openBucket(place, options, {
    ...{ env, clock: systemClock, onUnconditional: () => undefined, giveUpAfterMs },
  });
  try {
    await openBucketMarker(client, false);
    return [];
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return [`${place} does not work yet: ${describeError(error)}`];
  } finally {
    client.close();
  }
}

/** @returns the changes that an installation with a directory needs @throws {UsageError} a flag is for a bucket only */
export function withoutBucketSettings(given: GivenSettings): GivenSettings {
  for (const key of bucketOnly) {
    if (!given[`RECEIVER_${key.toUpperCase()}`]) continue;
    throw new UsageError(`install does not accept --${flagName(key)} with a directory`, {
      hint:
        'its service has no network, and ends when it is idle. A receiver behind a load balancer stores in a bucket: ' +
        'docs/fleet.md',
    });
  }
  return { [health]: undefined, [drain]: undefined, ...noBucketAccess };
}

async function hasReadCredentials(): Promise<boolean> {
  if ((await ifExists(stat(s3ReadCredentialFile))) === undefined) return false;
  await checkCredentialFile(s3ReadCredentialFile);
  return true;
}

/** @param file undefined: `--s3-credentials` is missing @throws {UsageError} other users can read it */
async function checkCredentialFile(file: string | undefined): Promise<void> {
  const isSystem = file === s3CredentialFile || file === s3ReadCredentialFile;
  const write =
    'write the lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… into a file, then: ';
  const make = (target: string): string =>
    `${isSystem ? 'sudo ' : ''}install -D -m 600 FILE ${target}`;
  if (!file) {
    throw new UsageError('--s3-credentials FILE is missing', {
      hint: `${write}${make('~/.config/picchanged/s3')}`,
    });
  }
  const found = await ifExists(stat(file));
  if (found === undefined) {
    throw new UsageError(`the keys of the object store are not in ${file}`, {
      hint: write + make(file),
    });
  }
  const owner = isSystem ? 0 : process.geteuid?.();
  if (found.uid === owner && (found.mode & 0o077) === 0) return;
  const [who, fix] = isSystem
    ? ['other users than root', `sudo chown root: ${file} && sudo chmod 600 ${file}`]
    : ['other users', `chmod 600 ${file}`];
  throw new UsageError(`${who} may read or change ${file}`, { hint: fix });
}
