/** A follower finds what receivers store, and says when the bucket is away. */
import { onTestFinished, describe, expect, it } from 'vitest';
import { MirrorFollower } from '../../../../receiver/archive/mirror/mirror-follower.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { systemClock } from '../../../../shared/clock.js';
import { eventually } from '../../../support/eventually.js';
import { keptLog } from '../../../support/log.js';
import { makeMirrorWorld, mirrored } from '../../../support/mirror-world.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { day, frameOf, gapOf } from '../../store/given.js';

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

describe('a follower', () => {
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
    stub.fault = ({ query }) =>
      (query.get('prefix') ?? '').endsWith('/record.')
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    await store.put(frameOf(2));
    await eventually(() => lines.join().includes('cannot follow the bucket'), 'a warning');
    stub.fault = () => undefined;
    await eventually(() => mirrored(mirror, day).lines.length === 2, 'the new line');
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
