/** What a mirror says of its cameras is what the files of a directory say. */
import { describe, expect, it } from 'vitest';
import { openBucketSweep } from '../../../../receiver/archive/bucket/open-bucket-sweep.js';
import {
  countedText,
  readCountedSpace,
} from '../../../../receiver/archive/bucket/counted-space.js';
import { RecordMirror } from '../../../../receiver/archive/mirror/record-mirror.js';
import { surveyMirror } from '../../../../receiver/archive/mirror/survey-mirror.js';
import { noLimits } from '../../../../receiver/archive/retention/limits.js';
import { sweep } from '../../../../receiver/archive/retention/sweep.js';
import { surveyCaptures } from '../../../../receiver/store/captures-survey.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { readBucketId } from '../../../../receiver/store/s3/bucket-marker.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { systemClock } from '../../../../shared/clock.js';
import { heldMirror } from '../../../support/mirror-world.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { dayMs, firstMs, frameAt } from '../retention/given-store.js';

const hourMs = 3_600_000;
const wish = { waitS: 60, mayDelete: () => true };

/** The same frames in a bucket and in a directory. */
async function makeBoth(times: readonly number[]) {
  const stub = await startS3Stub();
  const directory = temporaryDirectory();
  const stores = [
    await openBucketStore({ client: clientOf(stub), clock: systemClock }),
    await openFrameStore(directory, firstMs, { requiresMarker: false }),
  ];
  const frames = times.map((atMs) => frameAt(atMs));
  for (const store of stores) {
    for (const frame of frames) await store.put(frame);
    await store.close();
  }
  const client = clientOf(stub);
  const parent = temporaryDirectory();
  const mirror = await RecordMirror.open({ client, id: await readBucketId(client), parent });
  return { stub, client, directory, mirror, parent };
}

describe('a survey of a bucket', () => {
  it.each([
    ['today', [0, 60_000, 2 * dayMs, 2 * dayMs + 60_000], 2 * dayMs + 120_000],
    ['some days ago', [0, 60_000, dayMs], 5 * dayMs],
    ['in the future', [0, 9 * dayMs], 60_000],
  ])('has the last frame and the frames of today: %s', async (_, offsets, nowOffset) => {
    const { mirror, directory } = await makeBoth(offsets.map((offset) => firstMs + offset));
    const nowMs = firstMs + nowOffset;
    const found = await surveyMirror(mirror, { nowMs, utcOffsetMinutes: 60 });
    expect(found).toEqual(await surveyCaptures(directory, nowMs, 60));
    expect(found).toHaveLength(1);
    await mirror.close();
  });

  it('reads the days that it needs, and what is new', async () => {
    const days = [0, 1, 2, 3, 4].map((day) => firstMs + day * dayMs);
    const { mirror, stub } = await makeBoth(days);
    const moment = { nowMs: firstMs + 6 * dayMs, utcOffsetMinutes: 60 };
    const read = (): number => {
      const gets = stub.seen.splice(0).filter(({ key }) => key.includes('/record.d/'));
      return gets.length;
    };
    read();
    await surveyMirror(mirror, moment);
    expect(read()).toBe(1);
    await surveyMirror(mirror, moment);
    expect(read()).toBe(0);
    await mirror.close();
  });

  it('leaves out frames that are deleted, and is empty without a camera', async () => {
    const times = [0, 1, 2, 3, 4, 5, 6].map((hour) => firstMs + hour * hourMs);
    const { client, mirror, parent } = await makeBoth(times);
    const nowMs = firstMs + 8 * hourMs;
    const limits = { ...noLimits, maxAge: [{ camera: undefined, amount: 4 * hourMs }] };
    const clock = { ...systemClock, nowMs: () => nowMs };
    const swept = await openBucketSweep({
      client,
      clock,
      limits,
      openMirror: () => heldMirror(client, parent),
    });
    const { frames } = await sweep(swept.parts, wish);
    expect(frames).toBeGreaterThan(0);
    await swept.close();
    const [survey] = await surveyMirror(mirror, { nowMs, utcOffsetMinutes: 60 });
    expect(survey?.todayFrames).toBe(times.length - frames);
    await mirror.close();

    const stub = await startS3Stub();
    const none = await RecordMirror.open({
      ...{ client: clientOf(stub), id: '0'.repeat(32), parent: temporaryDirectory() },
    });
    expect(await surveyMirror(none, { nowMs, utcOffsetMinutes: 60 })).toEqual([]);
    await none.close();
  });
});

describe('the space of a bucket', () => {
  it('is what the last sweep on this machine has counted', async () => {
    const times = [0, 1, 2, 3].map((day) => firstMs + day * dayMs);
    const { client, mirror, parent } = await makeBoth(times);
    const id = await readBucketId(client);
    const nowMs = firstMs + 3 * dayMs;
    const limits = { ...noLimits, maxSize: [{ camera: undefined, amount: 2 ** 20 }] };
    expect(await readCountedSpace(parent, id, limits, nowMs)).toBeUndefined();
    expect(await readCountedSpace('/nowhere', id, limits, nowMs)).toBeUndefined();
    const clock = { ...systemClock, nowMs: () => nowMs };
    const swept = await openBucketSweep({
      client,
      clock,
      limits,
      openMirror: () => heldMirror(client, parent),
    });
    await sweep(swept.parts, wish);
    await swept.save();
    const space = await readCountedSpace(parent, id, limits, nowMs);
    const { usedBytes = 0, countedAtMs = 0, bytesPerDay = 0, daysLeft = 0 } = space ?? {};
    expect(space?.frames).toBe(4);
    // Without the folders of cameras, which a bucket has none of.
    expect(usedBytes).toBeGreaterThan(0);
    expect(usedBytes).toBeLessThanOrEqual(swept.parts.totals.totalBytes);
    expect(daysLeft).toBeCloseTo((2 ** 20 - usedBytes) / bytesPerDay);
    const text = space && countedText(space, countedAtMs + 120_000);
    expect(text).toMatch(/^\S+ \S+ used by 4 frames, counted 2 min ago; \S+ \S+ a day: the limit/);
    await swept.close();
    await mirror.close();
    const unlimited = await readCountedSpace(parent, id, noLimits, nowMs);
    expect(unlimited).toMatchObject({ frames: 4, daysLeft: undefined });
  });
});
