/** The part of `receiver install` for a bucket: what it needs, and what a service with a bucket cannot have. */
import { stat } from 'node:fs/promises';
import { UsageError } from '../../shared/cli/errors.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { manifestPath, readManifest } from '../../shared/setup/install/manifest.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { notifySettings } from './settings.js';
import { s3CredentialFile } from '../setup/install/bucket-plan.js';
import type { RetentionDefaults } from '../setup/install/retention-defaults.js';
import { notifyService, webSocket } from '../setup/units.js';
import { addressOf } from '../store/s3/open-bucket.js';

export interface BucketRequest {
  /** `s3://BUCKET/PREFIX` */
  readonly place: string;
  readonly scope: Scope;
  readonly isAccept: boolean;
  /** Flags of this install; one with an empty value or `none` takes its setting back. */
  readonly supplied: ReadonlyMap<string, readonly string[]>;
  /** Settings that apply after the install. */
  readonly settings: Readonly<Record<string, string | undefined>>;
}

const limits = {
  maxAge: 'RECEIVER_MAX_AGE',
  maxSize: 'RECEIVER_MAX_SIZE',
  minFree: 'RECEIVER_MIN_FREE',
};

/** @throws {UsageError} the service would not work, or other users could read its keys */
export async function bucketToInstall(request: BucketRequest): Promise<RetentionDefaults> {
  const { place, scope, isAccept, settings, supplied } = request;
  addressOf(place);
  if (scope.isUser) {
    throw new UsageError(`--user installs no receiver with ${place}`, {
      hint: 'install it with sudo, or start it by hand',
    });
  }
  if (isAccept) {
    throw new UsageError(`--accept does not work with ${place}`, {
      hint: 'each connection would ask the object store first: add --accept=no',
    });
  }
  const limit = Object.entries(limits).find(([key, name]) => supplied.has(key) && settings[name]);
  if (limit !== undefined) {
    throw new UsageError(`an installed receiver with ${place} takes no limits`, {
      hint: `take them back, and delete by: receiver prune --dir ${place} --max-age DURATION`,
    });
  }
  await refuseReaders(place, request);
  if (!settings.RECEIVER_S3_ENDPOINT) {
    throw new UsageError('--s3-endpoint is missing', {
      hint: `say where the object store of ${place} answers: --s3-endpoint https://HOST`,
    });
  }
  await checkCredentialFile();
  // Those of a directory that was installed before.
  const taken = Object.fromEntries(Object.values(limits).map((name) => [name, undefined]));
  const note = `nothing deletes old frames: receiver prune --dir ${place} does, by hand or by a timer`;
  return {
    settings: taken,
    isLimited: false,
    notes: [note, 'try the bucket: sudo receiver doctor'],
  };
}

/** Units of the viewer and of the notices have no keys of the object store. */
async function refuseReaders(place: string, { scope, supplied }: BucketRequest): Promise<void> {
  const installed = (await readManifest(manifestPath(scope, 'receiver')))?.units ?? [];
  const isTakenBack = supplied.get('web')?.at(-1) === 'none';
  const hasViewer = (installed.includes(webSocket) || supplied.has('web')) && !isTakenBack;
  if (hasViewer) {
    throw new UsageError(
      `an installed viewer does not show ${place}: it has no keys of the object store`,
      {
        hint: `add --web none; by hand it does: receiver web --dir ${place}`,
      },
    );
  }
  const notices = Object.keys(notifySettings).filter((key) => supplied.get(key)?.some(isSet));
  if (installed.includes(notifyService) || notices.length > 0) {
    throw new UsageError(
      `installed notices do not work on ${place}: they have no keys of the object store`,
      {
        hint: 'take the flags of receiver notify back first, as --notify none',
      },
    );
  }
}

/** Whether a flag sets something: an empty value and `none` take a setting back. */
const isSet = (text: string): boolean => text !== '' && text !== 'none';

/** @throws {UsageError} it is missing, or other users can read it */
async function checkCredentialFile(): Promise<void> {
  const found = await ifExists(stat(s3CredentialFile));
  if (found === undefined) {
    throw new UsageError(`the keys of the object store are not in ${s3CredentialFile}`, {
      hint:
        'write the lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… into a file, then: ' +
        `sudo install -D -m 600 FILE ${s3CredentialFile}`,
    });
  }
  if (found.uid !== 0 || (found.mode & 0o077) !== 0) {
    throw new UsageError(`other users than root may read or change ${s3CredentialFile}`, {
      hint: `sudo chown root: ${s3CredentialFile} && sudo chmod 600 ${s3CredentialFile}`,
    });
  }
}
