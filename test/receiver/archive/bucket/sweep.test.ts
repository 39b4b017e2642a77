/** A sweep of a bucket deletes what the limits demand, and nothing else; days that are over become few objects. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { keepingBucket } from '../../../../receiver/archive/bucket/keep-in-bucket.js';
import { openBucketSweep } from '../../../../receiver/archive/bucket/open-bucket-sweep.js';
import { SweepLease, withSweepLease } from '../../../../receiver/archive/bucket/sweep-lease.js';
import { keepFrames } from '../../../../receiver/archive/retention/keep.js';
import { type RetentionLimits, noLimits } from '../../../../receiver/archive/retention/limits.js';
import { type SweepWish, dryRun, sweep } from '../../../../receiver/archive/retention/sweep.js';
import { BucketSource } from '../../../../receiver/archive/verify/bucket-source.js';
import { BucketCaptures } from '../../../../receiver/store/s3/bucket-captures.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import type { S3Client } from '../../../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../../../shared/clock.js';
import { type Ending, copyObjects, endingClient } from '../../../support/killed-client.js';
import { heldMirror } from '../../../support/mirror-world.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { type S3Stub, startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { dayMs, firstMs, frameAt } from '../retention/given-store.js';
import { verifySource } from '../verify/made-store.js';

const wish: SweepWish = { waitS: 60, mayDelete: () => true };
const old = { maxAge: [{ camera: undefined, amount: 2 * dayMs }] };
const nowMs = firstMs + 3.5 * dayMs;

/** Three frames a day on four days. */
const frames = [0, 1, 2, 3].flatMap((day) =>
  [0, 1, 2].map((minute) => {
    const event = minute === 2 ? { event: `e${day}` } : {};
    const sequence = 1 + 3 * day + minute;
    return frameAt(firstMs + day * dayMs + minute * 60_000, { ...event, sequence });
  }),
);
let filled: Promise<{ objects: S3Stub['objects']; names: string[] }> | undefined;

async function fill() {
  const stub = await startS3Stub();
  const store = await openStore(clientOf(stub));
  const names: string[] = [];
  for (const frame of frames) names.push((await store.put(frame)).name);
  await store.close();
  return { objects: stub.objects, names };
}

const openStore = (client: S3Client) =>
  openBucketStore({ client, clock: systemClock, erasuresMaxAgeMs: 0 });

async function makeBucket() {
  const { objects, names } = await (filled ??= fill());
  const stub = await startS3Stub();
  copyObjects(objects, stub);
  const captures = new BucketCaptures(clientOf(stub));
  const there = async (): Promise<string[]> => {
    const paths: string[] = [];
    for (const day of await captures.days('yard')) {
      paths.push(...(await captures.frames(day)).map(({ name }) => `${day}/${name}`));
    }
    return paths.sort();
  };
  return { stub, names, captures, there };
}

/** What a process works with. */
async function openSweep(
  client: S3Client,
  limits: Partial<RetentionLimits>,
  atMs = nowMs,
  parent = temporaryDirectory(),
) {
  const clock = { ...pausingClock(), nowMs: () => atMs };
  const all = { ...noLimits, ...limits };
  const openMirror = () => heldMirror(client, parent);
  const opened = await openBucketSweep({ client, clock, limits: all, openMirror });
  onTestFinished(() => opened.close());
  return opened;
}

const keysIn = ({ objects }: S3Stub, part: string): string[] =>
  [...objects.keys()].filter((key) => key.includes(part));

describe('a sweep of a bucket by age', () => {
  it('deletes frames that are too old, each with a line, and reduces their days', async () => {
    const { stub, names, there, captures } = await makeBucket();
    const { parts } = await openSweep(clientOf(stub), old);
    expect(await sweep(parts, wish)).toMatchObject({ outcome: 'done', frames: 6, left: [] });
    expect(await there()).toEqual(names.slice(6));
    expect(parts.totals.frames).toBe(6);
    const record = (await captures.readRecord('yard/2026_11_01')).toString();
    expect(JSON.parse(record)).toMatchObject({ summary: 1, why: 'deleted', frames: 3 });
    expect(await sweep(parts, wish)).toMatchObject({ outcome: 'done', frames: 0 });
    const { findings } = await verifySource(new BucketSource(clientOf(stub)), new Map());
    expect(findings).toEqual([]);
  });

  it('leaves what is gone a duplicate, also when its empty objects are gone', async () => {
    const { stub, there } = await makeBucket();
    const before = await openStore(clientOf(stub));
    const { parts } = await openSweep(clientOf(stub), old);
    await sweep(parts, wish);
    const emptyIn = (): string[] =>
      [...stub.objects].flatMap(([key, { body }]) => (body.length === 0 ? [key] : []));
    expect(emptyIn()).toHaveLength(6);
    const repeat = async (): Promise<void> => {
      for (const store of [before, await openStore(clientOf(stub))]) {
        for (const frame of frames.slice(0, 6)) {
          expect(await store.put(frame)).toMatchObject({ duplicate: true });
        }
      }
      expect(await there()).toHaveLength(6);
    };
    await repeat();
    const later = await openSweep(
      clientOf(stub),
      { maxAge: [{ camera: undefined, amount: 9 * dayMs }] },
      nowMs + 1.1 * dayMs,
    );
    await sweep(later.parts, wish);
    expect(emptyIn()).toEqual([]);
    await repeat();
  });

  it('leaves what is kept, by its name or by its event, also when it was kept a moment ago', async () => {
    const { stub, names, there } = await makeBucket();
    const client = clientOf(stub);
    const { parts } = await openSweep(client, old);
    await dryRun(parts);
    const keep = (target: Parameters<typeof keepFrames>[1]) =>
      withSweepLease({ client, clock: pausingClock(), waitMs: 60_000 }, () =>
        keepFrames(keepingBucket(client), target, { kind: 'kept', note: undefined, atMs: 1 }),
      );
    const [day = '', name = ''] = [names[0]?.slice(0, 15), names[0]?.slice(16)];
    await keep({ kind: 'file', camera: 'yard', day, name });
    await keep({ kind: 'event', camera: 'yard', event: 'e1' });
    expect(await sweep(parts, wish)).toMatchObject({ outcome: 'done', frames: 4 });
    expect(await there()).toEqual([names[0], names[5], ...names.slice(6)]);
  });

  it('lists, and deletes nothing, and asks before it deletes much', async () => {
    const { stub, there } = await makeBucket();
    const { parts } = await openSweep(clientOf(stub), old);
    expect((await dryRun(parts)).plan).toMatchObject({ frameCount: 6 });
    const asked: [number, number][] = [];
    const mayDelete = ({ frameCount }: { frameCount: number }, all: number): boolean => {
      asked.push([frameCount, all]);
      return false;
    };
    expect(await sweep(parts, { ...wish, mayDelete })).toMatchObject({ outcome: 'refused' });
    expect(asked).toEqual([[6, 12]]);
    expect(await there()).toHaveLength(12);
  });
});

describe('a sweep of a bucket by size', () => {
  it('deletes the oldest frames', async () => {
    const { stub, names, there } = await makeBucket();
    const { parts } = await openSweep(clientOf(stub), {});
    await dryRun(parts);
    const amount = parts.totals.totalBytes - 1;
    const limited = await openSweep(clientOf(stub), { maxSize: [{ camera: undefined, amount }] });
    const { frames: count } = await sweep(limited.parts, wish);
    expect(count).toBeGreaterThan(0);
    expect(await there()).toEqual(names.slice(count));
  });

  it('does not touch an object that is not the recorded one', async () => {
    const { stub, names, there } = await makeBucket();
    const object = stub.objects.get(`cams/${names[1]}`);
    if (object === undefined) throw new Error('no such frame');
    stub.objects.set(`cams/${names[1]}`, { ...object, body: Buffer.from('another one') });
    const { parts } = await openSweep(clientOf(stub), old);
    const { frames: count, left } = await sweep(parts, wish);
    expect(count).toBe(5);
    expect(left.join()).toContain(`${names[1]} is an object of 11 bytes instead of`);
    expect(await there()).toEqual([names[1], ...names.slice(6)]);
  });
});

describe('a sweep of a bucket that has nothing to delete', () => {
  it('lists the newest days of its camera, and no frames', async () => {
    const { stub } = await makeBucket();
    const limits = { maxAge: [{ camera: undefined, amount: 9 * dayMs }] };
    const { parts } = await openSweep(clientOf(stub), limits);
    await sweep(parts, wish);
    stub.seen.length = 0;
    await sweep(parts, wish);
    const lists = stub.seen.flatMap(({ query }) => query.get('prefix') ?? []);
    expect(lists.filter((prefix) => prefix.endsWith('/record.'))).toHaveLength(2);
    expect(stub.seen.filter(({ key }) => key.endsWith('.jpg'))).toEqual([]);
    // Of the lease, the cameras, the camera's days, its erasures, and its two newest days.
    expect(stub.seen.length).toBeLessThanOrEqual(16);
  });
});

describe('the days of a bucket that are over', () => {
  it('have one object of lines, which a reader and a receiver know', async () => {
    const { stub, captures } = await makeBucket();
    const day = 'yard/2026_11_01';
    const before = (await captures.readRecord(day)).toString();
    expect(keysIn(stub, `${day}/record.d/`)).toHaveLength(3);
    const { parts } = await openSweep(clientOf(stub), {
      maxAge: [{ camera: undefined, amount: 9 * dayMs }],
    });
    await sweep(parts, wish);
    expect(keysIn(stub, `${day}/record.d/`)).toEqual([`cams/${day}/record.d/c-000000001`]);
    expect((await captures.readRecord(day)).toString()).toBe(before);
    const store = await openStore(clientOf(stub));
    for (const frame of frames.slice(0, 3)) {
      expect(await store.put(frame)).toMatchObject({ duplicate: true });
    }
    expect((await captures.readRecord(day)).toString()).toBe(before);
  });
});

describe('the lease of a sweep', () => {
  it('is held by one process, and taken over when its holder has ended', async () => {
    const stub = await startS3Stub();
    const [client, clock] = [clientOf(stub), pausingClock()];
    const first = await SweepLease.take(client, clock, 0);
    await first?.begin('yard/2026_11_01');
    expect(await SweepLease.take(client, clock, 5000)).toBeUndefined();
    const second = await SweepLease.take(client, clock, 60_000);
    expect(await second?.unfinishedDay()).toBe('yard/2026_11_01');
    await expect(first?.check()).rejects.toMatchObject({ code: 'STORE' });
    await first?.end();
    await second?.check();
    await second?.end();
    await second?.release();
    await first?.release();
    const third = await SweepLease.take(client, clock, 0);
    expect(await third?.unfinishedDay()).toBeUndefined();
    expect(keysIn(stub, '.sweeping/')).toHaveLength(1);
    await third?.release();
  });

  it('is given to one of those that take it at the same moment', async () => {
    const stub = await startS3Stub();
    for (let round = 0; round < 3; round += 1) {
      const takes = Array.from({ length: 6 }, () =>
        SweepLease.take(clientOf(stub), pausingClock(), 0),
      );
      const held = (await Promise.all(takes)).filter((lease) => lease !== undefined);
      expect(held).toHaveLength(1);
      await held[0]?.release();
    }
  });
});

describe('a sweep of a bucket that ends at any of its requests', () => {
  it.each<Ending>(['before', 'after', 'refused'])(
    '(%s) has deleted nothing else, and is done when it is run again',
    { timeout: 300_000 },
    async (ending) => {
      const { stub, names, there, captures } = await makeBucket();
      const original = new Map(stub.objects);
      const run = async (client: S3Client): Promise<void> => {
        const { parts, close } = await openSweep(client, old);
        await sweep(parts, wish).finally(close);
      };
      const whole = endingClient(stub, Infinity, ending);
      await run(whole.client);
      let failures = 0;
      for (let at = 1; at <= whole.requests(); at += 1) {
        copyObjects(original, stub);
        await run(endingClient(stub, at, ending).client).catch(() => (failures += 1));
        const left = await there();
        expect(left.slice(-6), `request ${at}`).toEqual(names.slice(6));
        const gone = names.slice(0, 6).filter((name) => !left.includes(name));
        for (const name of gone) {
          const record = (await captures.readRecord(name.slice(0, 15))).toString();
          const isNoted = record.includes('"summary":1') || record.includes(`"${name.slice(16)}"`);
          expect(isNoted, `request ${at}`).toBe(true);
        }
        await run(clientOf(stub));
        expect(await there(), `request ${at}`).toEqual(names.slice(6));
        if (at % 4 > 0) continue;
        const { findings } = await verifySource(new BucketSource(clientOf(stub)), new Map());
        expect(findings, `request ${at}`).toEqual([]);
      }
      expect(failures).toBeGreaterThan(10);
    },
  );
});
