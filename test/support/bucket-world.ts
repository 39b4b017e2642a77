/** One bucket that several processes use, for the tests that every store passes. */
import { request as httpRequest } from 'node:http';
import { onTestFinished } from 'vitest';
import { BucketCaptures } from '../../receiver/store/s3/bucket-captures.js';
import { addErasure } from '../../receiver/store/s3/bucket-erasures.js';
import { emptyFrame } from '../../receiver/store/s3/bucket-frames.js';
import { BucketRecords } from '../../receiver/store/s3/bucket-record.js';
import { openBucketStore } from '../../receiver/store/s3/bucket-store.js';
import type { S3Client, S3ClientParts } from '../../receiver/store/s3/s3-client.js';
import { noteLine } from '../../receiver/store/store-note.js';
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
  const records = new BucketRecords(client);
  let pending: { fault: Fault; into: 'frame' | 'line'; onHappened: () => void } | undefined;
  const send: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const isLine = url.pathname.includes('/record.d/');
    const isFrame = url.pathname.endsWith('.jpg');
    const isMeant = pending?.into === 'line' ? isLine : isFrame;
    if (pending === undefined || init?.method !== 'PUT' || !isMeant)
      return await fetch(input, init);
    const { fault, onHappened } = pending;
    pending = undefined;
    if (fault === 'fails') {
      onHappened();
      return new Response('<Error><Code>QuotaExceeded</Code></Error>', { status: 403 });
    }
    if (fault === 'is cut in the middle') await sendHalf(url, init);
    else await fetch(input, init);
    onHappened();
    // The process is killed: it never gets the answer.
    return await new Promise<Response>(() => undefined);
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
      await deleteFromBucket(day, names);
    },
    async keep(day, note) {
      await records.append(day, noteLine(note));
    },
    async erase(erasure) {
      await addErasure(client, erasure);
      for (const day of await captures.days(erasure.camera)) {
        const files = await captures.frames(day, erasure);
        const names = files.map(({ name }) => name);
        if (names.length > 0) await deleteFromBucket(day, names);
      }
    },
    injectNext: (fault, into) =>
      new Promise((onHappened) => {
        pending = { fault, into, onHappened };
      }),
  };

  async function deleteFromBucket(day: string, names: readonly string[]): Promise<void> {
    const [camera = ''] = day.split('/');
    const facts = { camera, atMs: receivedAtMs, why: 'max-age', names, byteCount: 1 };
    await records.append(day, noteLine({ kind: 'deleted', ...facts }));
    for (const name of names) await emptyFrame(client, `${day}/${name}`, 'max-age');
  }
}

/** Sends a request, breaks the connection after half of its body, and waits until it is broken. */
function sendHalf(url: URL, { headers, body }: RequestInit): Promise<void> {
  const bytes = body as Buffer;
  const fields = Object.fromEntries(new Headers(headers)) as Record<string, string>;
  return new Promise((resolve) => {
    const request = httpRequest(url, {
      method: 'PUT',
      headers: { ...fields, 'content-length': bytes.length },
    });
    request.on('error', () => undefined);
    request.on('close', () => resolve());
    request.write(bytes.subarray(0, bytes.length / 2), () => request.destroy());
  });
}
