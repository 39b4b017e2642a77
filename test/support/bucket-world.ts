/** One bucket that several processes use, for the tests that every store passes. */
import { request as httpRequest } from 'node:http';
import { onTestFinished } from 'vitest';
import { deleteObjects } from '../../receiver/archive/bucket/delete-objects.js';
import { eraseInBucket } from '../../receiver/archive/bucket/erase-in-bucket.js';
import { keepingBucket } from '../../receiver/archive/bucket/keep-in-bucket.js';
import { withSweepLease } from '../../receiver/archive/bucket/sweep-lease.js';
import { inBlocks } from '../../receiver/archive/retention/day-total.js';
import { keepFrames } from '../../receiver/archive/retention/keep.js';
import { BucketCaptures } from '../../receiver/store/s3/bucket-captures.js';
import { type HttpRequest, exchange } from '../../receiver/store/s3/http-exchange.js';
import { openBucketStore } from '../../receiver/store/s3/bucket-store.js';
import type { S3Client, S3ClientParts } from '../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../shared/clock.js';
import type { StoreWorld } from '../receiver/store/conformance.js';
import { receivedAtMs } from '../receiver/store/given.js';
import type { Fault } from '../receiver/store/memory-store.js';

/** @param makeClient of the bucket, with these changes */
export function bucketWorld(
  makeClient: (changes?: Partial<S3ClientParts>) => S3Client,
): StoreWorld & { readonly client: S3Client } {
  const client = makeClient();
  const captures = new BucketCaptures(client);
  const lease = { client, clock: systemClock, waitMs: 10_000 };
  let pending: { fault: Fault; into: 'frame' | 'line'; onHappened: () => void } | undefined;
  const send: typeof exchange = async (url, request) => {
    const isLine = url.pathname.includes('/record.d/');
    const isFrame = url.pathname.endsWith('.jpg');
    const isMeant = pending?.into === 'line' ? isLine : isFrame;
    if (pending === undefined || request.method !== 'PUT' || !isMeant)
      return await exchange(url, request);
    const { fault, onHappened } = pending;
    pending = undefined;
    if (fault === 'fails') {
      onHappened();
      const body = Buffer.from('<Error><Code>QuotaExceeded</Code></Error>');
      return { status: 403, headers: {}, body };
    }
    if (fault === 'is cut in the middle') await sendHalf(url, request);
    else await exchange(url, request);
    onHappened();
    // The process is killed: it never gets the answer.
    return await new Promise<never>(() => undefined);
  };
  return {
    client,
    captures,
    async open() {
      const parts = { client: makeClient({ send }), clock: systemClock, erasuresMaxAgeMs: 0 };
      const store = await openBucketStore(parts);
      onTestFinished(() => store.close());
      return store;
    },
    async deleteFrames(day, names) {
      const [camera = ''] = day.split('/');
      const files = await captures.frames(day);
      const planned = files.flatMap(({ name, byteCount }) => {
        const frame = { name, byteCount, diskBytes: inBlocks(byteCount), event: undefined };
        return names.includes(name) ? [{ ...frame, atMs: 0, why: 'max-age' as const }] : [];
      });
      await withSweepLease(lease, (held) =>
        deleteObjects(client, held, { path: day, camera }, planned, receivedAtMs),
      );
    },
    async keep(target, wish) {
      await withSweepLease(lease, () => keepFrames(keepingBucket(client), target, wish));
    },
    erase: (erasure) => eraseInBucket({ client, clock: systemClock, learnMs: 0 }, erasure),
    injectNext: (fault, into) =>
      new Promise((onHappened) => {
        pending = { fault, into, onHappened };
      }),
  };
}

/** Sends a request, breaks the connection after half of its body, and waits until it is broken. */
function sendHalf(url: URL, { headers, body = Buffer.alloc(0) }: HttpRequest): Promise<void> {
  return new Promise((resolve) => {
    const request = httpRequest(url, {
      method: 'PUT',
      headers: { ...headers, 'content-length': body.length },
    });
    request.on('error', () => undefined);
    request.on('close', () => resolve());
    request.write(body.subarray(0, body.length / 2), () => request.destroy());
  });
}
