/** A follower finds what receivers store, and says when the bucket is away. */
import { onTestFinished, describe, expect, it } from 'vitest';
import { eraseInBucket } from '../../../../receiver/archive/bucket/erase-in-bucket.js';
import { keepInBucket } from '../../../../receiver/archive/bucket/keep-in-bucket.js';
import { openBucketSweep } from '../../../../receiver/archive/bucket/open-bucket-sweep.js';
import { MirrorFollower } from '../../../../receiver/archive/mirror/mirror-follower.js';
import { noLimits } from '../../../../receiver/archive/retention/limits.js';
import { sweep } from '../../../../receiver/archive/retention/sweep.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import type { S3Client } from '../../../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../../../shared/clock.js';
import { eventually } from '../../../support/eventually.js';
import { keptLog } from '../../../support/log.js';
import { heldMirror, makeMirrorWorld, mirrored } from '../../../support/mirror-world.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { day, frameOf, gapOf, nameOf } from '../../store/given.js';

async function follow() {
  const world = await makeMirrorWorld();
  const store = await openBucketStore({ client: clientOf(world.stub), clock: systemClock });
  onTestFinished(() => store.close());
  const mirror = await world.open();
  const { log, lines } = keptLog();
  let aheadMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const follower = new MirrorFollower({ mirror, client: world.client, clock, log });
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    await follower.start();
    const running = follower.run(ending.signal);
    onTestFinished(async () => {
      ending.abort();
      await running;
    });
  };
  const skip = (ms: number): void => void (aheadMs += ms);
  return { ...world, store, mirror, follower, run, lines, skip };
}

const { capturedAtMs } = frameOf(0);
const atMs = capturedAtMs + 86_400_000;

/** What other processes do with the records of a bucket that has two frames. */
const changes: Readonly<Record<string, (client: S3Client) => Promise<unknown>>> = {
  erase: (client) =>
    eraseInBucket(
      { client, clock: systemClock, learnMs: 0 },
      {
        camera: 'yard',
        atMs,
        why: 'asked',
        fromLocalMs: capturedAtMs,
        toLocalMs: capturedAtMs + 2,
      },
    ),
  keep: (client) =>
    keepInBucket(
      { client, clock: systemClock, waitMs: 60_000 },
      { kind: 'file', camera: 'yard', day, name: nameOf(1).slice(day.length + 1) },
      { kind: 'kept', note: 'a note', atMs },
    ),
  async prune(client) {
    const opened = await openBucketSweep({
      ...{ client, limits: { ...noLimits, maxAge: [{ camera: undefined, amount: 3_600_000 }] } },
      clock: { ...systemClock, nowMs: () => atMs },
      openMirror: () => heldMirror(client, temporaryDirectory()),
    });
    const done = sweep(opened.parts, { waitS: 60, mayDelete: () => true });
    expect(await done.finally(opened.close)).toMatchObject({ frames: 2 });
  },
};

describe('a follower', () => {
  it.each(Object.entries(changes))('shows what %s has changed', async (_, change) => {
    const { store, mirror, run, merged, stub } = await follow();
    for (const number of [1, 2]) await store.put(frameOf(number));
    // Its hints are written before the follower begins.
    await store.close();
    await run();
    const before = await merged(day);
    expect(mirrored(mirror, day).lines).toHaveLength(2);
    await change(clientOf(stub));
    const after = await merged(day);
    expect(after).not.toEqual(before);
    const isShown = () => [...mirrored(mirror, day).lines].sort().join() === after.sort().join();
    await eventually(isShown, 'the change');
  });

  it('begins with what is there, and appends what receivers store', async () => {
    const { store, mirror, run, merged } = await follow();
    await store.put(frameOf(1));
    await run();
    expect(mirrored(mirror, day).lines).toHaveLength(1);
    await store.put(frameOf(2));
    await store.recordGap(gapOf(5));
    await eventually(() => mirrored(mirror, day).lines.length === 3, 'the new lines');
    expect([...mirrored(mirror, day).lines].sort()).toEqual((await merged(day)).sort());
  });

  it('finds a day whose hint was lost, and a camera that is new', async () => {
    const { store, mirror, run, put, skip } = await follow();
    await store.put(frameOf(1));
    await run();
    put('door/2026_11_22/record.d/l-x-1', '{"unknown":1}\n');
    skip(11 * 60_000);
    const found = () => {
      try {
        return mirrored(mirror, 'door/2026_11_22').lines.length;
      } catch {
        return 0;
      }
    };
    await eventually(() => found() === 1, 'the new camera');
  });

  it('refreshes the day of a hint later, when its record cannot be read at once', async () => {
    const { store, stub, mirror, run, lines } = await follow();
    await store.put(frameOf(1));
    await run();
    stub.fault = ({ method, key }) =>
      method === 'GET' && key.includes('/record.d/')
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    await store.put(frameOf(2));
    await eventually(() => lines.join().includes('cannot follow the bucket'), 'a warning');
    stub.fault = () => undefined;
    await eventually(() => mirrored(mirror, day).lines.length === 2, 'the new line');
  });

  it('lists no day for the objects that hints name, and reads each once', async () => {
    const { store, mirror, run, merged, stub, lines } = await follow();
    await store.put(frameOf(1));
    await run();
    await eventually(() => lines.join().includes('of all days are in the cache'), 'a first list');
    const seen = (): readonly string[] =>
      stub.seen.flatMap(({ method, key, query }) => {
        const prefix = query.get('prefix') ?? '';
        if (method !== 'GET') return [];
        return key.includes('/record.d/') ? [key] : prefix.includes(day) ? [prefix] : [];
      });
    stub.seen.length = 0;
    for (let number = 2; number <= 5; number += 1) {
      await store.put(frameOf(number));
      await eventually(() => mirrored(mirror, day).lines.length === number, 'the new line');
    }
    // A receiver asks for what was compacted, when a frame of a day is the first one.
    const requests = seen().filter((each) => !each.endsWith('/record.d/c-'));
    expect(requests.every((each) => each.includes('/record.d/l-'))).toBe(true);
    expect(new Set(requests).size).toBe(requests.length);
    expect([...mirrored(mirror, day).lines].sort()).toEqual((await merged(day)).sort());
  });

  it('finds the lines of objects that were joined into another one meanwhile', async () => {
    const { store, mirror, run, merged, stub } = await follow();
    await store.put(frameOf(1));
    await run();
    stub.fault = ({ method, query }) =>
      method === 'GET' && (query.get('prefix') ?? '') === 'cams/.changed/'
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    for (let number = 2; number <= 70; number += 1) await store.put(frameOf(number));
    stub.fault = () => undefined;
    await eventually(() => mirrored(mirror, day).lines.length === 70, 'all lines');
    expect([...mirrored(mirror, day).lines].sort()).toEqual((await merged(day)).sort());
  });

  it('says that the bucket is away, and goes on when it is back', async () => {
    const { store, stub, mirror, run, follower, lines, skip } = await follow();
    await store.put(frameOf(1));
    await run();
    follower.check();
    stub.fault = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
    await eventually(() => lines.join().includes('cannot follow the bucket'), 'a warning');
    skip(30_000);
    expect(() => follower.check()).toThrow(/cannot read s3:\/\/frames\/cams\/ for \d+ s/);
    stub.fault = () => undefined;
    await store.put(frameOf(2));
    await eventually(() => mirrored(mirror, day).lines.length === 2, 'the new line');
    await eventually(() => lines.join().includes('can be read again'), 'the recovery');
    follower.check();
  });
});
