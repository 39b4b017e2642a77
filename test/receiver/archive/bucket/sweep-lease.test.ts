/** One process at a time deletes in a bucket. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { keepInBucket } from '../../../../receiver/archive/bucket/keep-in-bucket.js';
import { SweepLease } from '../../../../receiver/archive/bucket/sweep-lease.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { exchange } from '../../../../receiver/store/s3/http-exchange.js';
import type { S3Client } from '../../../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../../../shared/clock.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { day, frameOf, nameOf, receivedAtMs } from '../../store/given.js';

async function take(client: S3Client, waitMs = 0): Promise<SweepLease | undefined> {
  const lease = await SweepLease.take(client, pausingClock(), waitMs);
  if (lease !== undefined) onTestFinished(() => lease.release());
  return lease;
}

describe('the lease of a bucket', () => {
  it('is not taken by a process that stood still before its write, while two others had it', async () => {
    const stub = await startS3Stub();
    const first = await take(clientOf(stub));
    await first?.release();
    let second: SweepLease | undefined;
    const send: typeof exchange = async (url, request) => {
      if (request.method === 'PUT' && second === undefined) {
        const between = await take(clientOf(stub));
        await between?.release();
        second = await take(clientOf(stub));
      }
      return await exchange(url, request);
    };
    expect(await take(clientOf(stub, { send }))).toBeUndefined();
    await expect(second?.check()).resolves.toBeUndefined();
    await second?.release();
    // It has left nothing that keeps others from it.
    expect(await take(clientOf(stub))).toBeDefined();
  });

  it('that was lost while frames were kept is told: a sweep may have deleted them', async () => {
    const stub = await startS3Stub();
    const store = await openBucketStore({ client: clientOf(stub), clock: systemClock });
    await store.put(frameOf(1));
    await store.close();
    let taken: SweepLease | undefined;
    const send: typeof exchange = async (url, request) => {
      // It stands still for half a minute before the note.
      if (request.method === 'PUT' && url.pathname.includes('/n-')) {
        taken = await take(clientOf(stub), 60_000);
      }
      return await exchange(url, request);
    };
    const keeping = keepInBucket(
      { client: clientOf(stub, { send }), clock: pausingClock(), waitMs: 0 },
      { kind: 'file', camera: 'yard', day, name: nameOf(1).slice(day.length + 1) },
      { kind: 'kept', note: undefined, atMs: receivedAtMs },
    );
    await expect(keeping).rejects.toThrow('another process deletes frames in s3://frames/cams/');
    expect(taken).toBeDefined();
  });
});
