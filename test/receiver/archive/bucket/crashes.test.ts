/**
 * What erases, keeps, deletes and compacts in a bucket is killed at each of its requests, or meets a refusal: nothing else
 * is lost, and the same again does the rest.
 */
import { describe, expect, it } from 'vitest';
import { compactDay } from '../../../../receiver/archive/bucket/compact-day.js';
import { deleteObjects } from '../../../../receiver/archive/bucket/delete-objects.js';
import { eraseInBucket } from '../../../../receiver/archive/bucket/erase-in-bucket.js';
import { keepingBucket } from '../../../../receiver/archive/bucket/keep-in-bucket.js';
import { withSweepLease } from '../../../../receiver/archive/bucket/sweep-lease.js';
import { inBlocks } from '../../../../receiver/archive/retention/day-total.js';
import { keepFrames } from '../../../../receiver/archive/retention/keep.js';
import { readRecordLine } from '../../../../receiver/archive/record-entry.js';
import { BucketCaptures } from '../../../../receiver/store/s3/bucket-captures.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import type { S3Client } from '../../../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../../../shared/clock.js';
import { makeJpeg } from '../../../support/pictures.js';
import { type Ending, copyObjects, endingClient } from '../../../support/killed-client.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { type S3Stub, startS3Stub } from '../../../support/s3-stub.js';
import { day, frameOf, gapOf, nameOf, receivedAtMs, reportOf } from '../../store/given.js';

const numbers = [1, 2, 3, 4, 5, 6];
const jpegs = [0, ...numbers].map((number) => makeJpeg(number));
const frameAt = (number: number) => frameOf(number, { jpeg: jpegs[number] ?? Buffer.alloc(0) });
const { capturedAtMs } = frameOf(0);
const erasure = {
  ...{ camera: 'yard', atMs: receivedAtMs, why: 'asked' },
  ...{ fromLocalMs: capturedAtMs + 2, toLocalMs: capturedAtMs + 5 },
};

/** What two receivers have stored in a day, and a record that was copied there. */
async function fill(stub: S3Stub): Promise<void> {
  const open = () =>
    openBucketStore({ client: clientOf(stub), clock: systemClock, erasuresMaxAgeMs: 0 });
  const stores = [await open(), await open()];
  for (const number of numbers) await stores[number % 2]?.put(frameAt(number));
  await stores[0]?.recordGap(gapOf(7));
  await stores[1]?.recordReport(reportOf(8));
  for (const store of stores) await store.close();
}

type Work = (client: S3Client) => Promise<unknown>;
const nameIn = (number: number): string => nameOf(number).slice(day.length + 1);
const leaseOf = (client: S3Client) => ({ client, clock: pausingClock(), waitMs: 60_000 });

const works: Readonly<Record<string, { work: Work; gone: readonly number[] }>> = {
  erase: {
    async work(client) {
      const { left } = await eraseInBucket({ client, clock: pausingClock() }, erasure);
      if (left.length > 0) throw new Error(left.join());
    },
    gone: [2, 3, 4],
  },
  delete: {
    work: (client) =>
      withSweepLease(leaseOf(client), async (lease) => {
        await lease.begin(day);
        const files = await new BucketCaptures(client).frames(day);
        const planned = files.slice(0, -4).map(({ name, byteCount }) => {
          const frame = { name, byteCount, diskBytes: inBlocks(byteCount), event: undefined };
          return { ...frame, atMs: 0, why: 'max-age' as const };
        });
        await deleteObjects(client, lease, { path: day, camera: 'yard' }, planned, receivedAtMs);
        await lease.end();
      }),
    gone: [1, 2],
  },
  keep: {
    work: (client) =>
      withSweepLease(leaseOf(client), () =>
        keepFrames(
          keepingBucket(client),
          { kind: 'file', camera: 'yard', day, name: nameIn(3) },
          { kind: 'kept', note: 'a note', atMs: receivedAtMs },
        ),
      ),
    gone: [],
  },
  compact: {
    async work(client) {
      const wish = { camera: 'yard', atMs: receivedAtMs, why: 'deleted' } as const;
      await compactDay(client, day, { ...wish, isGone: () => false, joinsFrom: 2 });
    },
    gone: [],
  },
};

/** Frames with their bytes, and entries of the record, each as often as it is there. */
async function stateOf(stub: S3Stub) {
  const captures = new BucketCaptures(clientOf(stub));
  const frames = (await captures.frames(day)).map(({ name }) => name);
  for (const [at, name] of frames.entries()) {
    const number = numbers.find((each) => nameIn(each) === name) ?? 0;
    expect(await captures.readFrame(`${day}/${name}`), `${at}`).toEqual(jpegs[number]);
  }
  const lines = (await captures.readRecord(day)).toString().trimEnd().split('\n');
  const entries = lines.map((text) => {
    const line = readRecordLine(text);
    expect(line, text).toBeDefined();
    if (line?.kind === 'frame') return `frame ${line.name}`;
    return line?.kind === 'kept' ? `kept ${line.names?.join()}` : (line?.kind ?? '');
  });
  return { frames, entries: entries.sort(), record: lines.join('\n') };
}

describe.each(Object.entries(works))('%s in a bucket', (what, { work, gone }) => {
  it.each<Ending>(['before', 'after', 'refused'])(
    'that ends at any of its requests (%s) loses nothing else, and is done when it is run again',
    { timeout: 300_000 },
    async (ending) => {
      const stub = await startS3Stub();
      await fill(stub);
      const original = new Map(stub.objects);
      const whole = endingClient(stub, Infinity, ending);
      await work(whole.client);
      const done = await stateOf(stub);
      const stay = numbers.filter((number) => !gone.includes(number));
      expect(done.frames).toEqual(stay.map(nameIn));
      expect(whole.requests()).toBeGreaterThan(3);
      let failures = 0;
      for (let at = 1; at <= whole.requests(); at += 1) {
        copyObjects(original, stub);
        await work(endingClient(stub, at, ending).client).catch(() => (failures += 1));
        const state = await stateOf(stub);
        for (const number of stay) {
          expect(state.frames, `request ${at}`).toContain(nameIn(number));
          const line = `frame ${nameIn(number)}`;
          expect(
            state.entries.filter((each) => each === line),
            `request ${at}`,
          ).toHaveLength(1);
        }
        for (const kind of ['gap', 'report']) {
          expect(state.entries.filter((each) => each === kind)).toHaveLength(1);
        }
        // A frame that is gone has a note that says so, or a line and its bytes.
        for (const number of gone) {
          const isThere = state.frames.includes(nameIn(number));
          const isNoted =
            state.record.includes(`"${nameIn(number)}"`) || state.record.includes('"summary":1');
          expect(isThere || isNoted, `request ${at}`).toBe(true);
        }
        await expect(work(clientOf(stub)), `request ${at}`).resolves.not.toThrow();
        const again = await stateOf(stub);
        expect(again.frames).toEqual(done.frames);
        const distinct = (entries: readonly string[]) => [...new Set(entries)];
        expect(distinct(again.entries), `request ${at}`).toEqual(distinct(done.entries));
      }
      expect(failures).toBeGreaterThan(what === 'keep' ? 2 : 5);
    },
  );
});
