/** The store of a running receiver: a captures directory, or a bucket of an object store. */
import type { Clock } from '../../shared/clock.js';
import type { Environment } from '../../shared/cli/command.js';
import type { Log } from '../../shared/cli/log.js';
import { type ClosedMark, directoryMark } from '../store/closed-mark.js';
import { openFrameStore } from '../store/frame-store.js';
import type { BucketOptions } from '../store/s3/open-bucket.js';
import { isBucketText } from '../store/s3/s3-address.js';
import type { FrameStore } from '../store/store-port.js';
import { tryDirectory } from '../store/store-trials.js';
import type { OpenMirror } from './open-mirror.js';
import { type RetentionOptions, limitsOf, withRetention } from './retention.js';

export interface StoreOptions extends RetentionOptions, BucketOptions {
  readonly requireMarker: boolean;
}

interface Surroundings {
  readonly env: Environment;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborts when the process is to end. */
  readonly signal: AbortSignal;
  /** Of the bucket: its limits need the records. */
  readonly openMirror: OpenMirror;
}

export interface OpenedStore {
  readonly mark: ClosedMark;
  /** Writes a few bytes, to see whether it works. @throws {OperationalError} STORE, KEYS */
  readonly trial: () => Promise<void>;
  /** The store within its limits. @throws {OperationalError} STORE */
  readonly withinLimits: () => Promise<FrameStore>;
}

/** Requests that still run at the end of the process may take so long. */
const endingMs = 2000;

/** Frames are not refused for it: none is lost. */
const warnOfErasure =
  (log: Log) =>
  (what: string): void =>
    log.warn('an erasure cannot be read: frames that were erased may be stored again', {
      what,
      hint: 'put it back from a copy, or erase the stretch again; then remove what cannot be read',
    });

/** Object of a bucket that trials write, always the same. */
const trialName = '.picchanged-trial';

/** @throws {UsageError} @throws {OperationalError} STORE, KEYS: it cannot be used */
export async function openStore(
  place: string,
  options: StoreOptions,
  surroundings: Surroundings,
): Promise<OpenedStore> {
  const { log, clock } = surroundings;
  const { requireMarker: requiresMarker } = options;
  if (isBucketText(place)) return await openBucketOf(place, options, surroundings);
  const captures = await openFrameStore(place, clock.nowMs(), {
    ...{ requiresMarker, onUnreadableErasure: warnOfErasure(log) },
  });
  return {
    mark: directoryMark(place),
    trial: () => tryDirectory(place),
    withinLimits: () => withRetention(captures, place, options, { log, clock }),
  };
}

async function openBucketOf(
  place: string,
  options: StoreOptions,
  { env, log, clock, signal, openMirror }: Surroundings,
): Promise<OpenedStore> {
  // A receiver with a directory does not load it.
  const [{ openBucket }, { openBucketStore }, { bucketMark }, retention] = await Promise.all([
    import('../store/s3/open-bucket.js'),
    import('../store/s3/bucket-store.js'),
    import('../store/s3/bucket-marker.js'),
    import('./bucket-retention.js'),
  ]);
  const limits = limitsOf(options);
  retention.checkBucketLimits(place, limits);
  const onUnconditional = (): void =>
    log.warn('the object store knows no conditional writes: give each camera its own name', {
      place,
    });
  const client = openBucket(place, options, { env, clock, onUnconditional });
  signal.addEventListener('abort', () => void setTimeout(() => client.close(), endingMs).unref());
  const { requireMarker: requiresMarker } = options;
  const store = await openBucketStore({
    ...{ client, clock, requiresMarker, onUnreadableErasure: warnOfErasure(log) },
  });
  return {
    mark: bucketMark(client),
    trial: () => client.put(trialName, Buffer.from('trial\n')),
    withinLimits: () =>
      retention.withBucketRetention(store, { client, limits, openMirror, log, clock }),
  };
}
