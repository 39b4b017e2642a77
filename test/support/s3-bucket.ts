/** A client of the stub's bucket that repeats its requests without real pauses. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../shared/clock.js';
import { systemClock } from '../../shared/clock.js';
import { S3Client, type S3ClientParts } from '../../receiver/store/s3/s3-client.js';
import { type S3Stub, stubBucket, stubKeys } from './s3-stub.js';

/** Its time passes in the pauses of a client alone. */
export function pausingClock(): Clock & { readonly pauses: number[] } {
  let nowMs = 0;
  const pauses: number[] = [];
  return {
    ...systemClock,
    pauses,
    monotonicMs: () => nowMs,
    async sleep(ms) {
      pauses.push(ms);
      nowMs += ms;
      await nextTurn();
    },
  };
}

export function clientOf(stub: S3Stub, changes: Partial<S3ClientParts> = {}): S3Client {
  return new S3Client({
    ...{ endpoint: stub.endpoint, bucket: stubBucket, prefix: 'cams/', region: 'us-east-1' },
    ...{ readCredentials: () => Promise.resolve(stubKeys), clock: pausingClock() },
    ...changes,
  });
}
