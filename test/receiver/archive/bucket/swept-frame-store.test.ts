/** The sweeps of a running receiver with a bucket begin although a process that swept it was killed. */
import { expect, it, onTestFinished } from 'vitest';
import { openBucketSweep } from '../../../../receiver/archive/bucket/open-bucket-sweep.js';
import { SweptFrameStore } from '../../../../receiver/archive/bucket/swept-frame-store.js';
import { noLimits } from '../../../../receiver/archive/retention/limits.js';
import { BucketCaptures } from '../../../../receiver/store/s3/bucket-captures.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { systemClock } from '../../../../shared/clock.js';
import { eventually } from '../../../support/eventually.js';
import { heldMirror } from '../../../support/mirror-world.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { dayMs, firstMs, frameAt } from '../retention/given-store.js';

/** A bucket with an old frame and two new ones, the lease of a killed process, and a receiver that deletes old frames. */
async function makeSwept() {
  const stub = await startS3Stub();
  const client = clientOf(stub);
  const store = await openBucketStore({ client, clock: systemClock });
  for (const atMs of [0, 8 * dayMs, 8 * dayMs + 1000]) await store.put(frameAt(firstMs + atMs));
  await client.put('.sweeping/000000001', Buffer.from('{"holder":"killed","at":1}\n'));
  const clock = { ...pausingClock(), nowMs: () => firstMs + 9 * dayMs };
  const limits = { ...noLimits, maxAge: [{ camera: undefined, amount: 2 * dayMs }] };
  const openMirror = () => heldMirror(client, temporaryDirectory());
  const sweep = await openBucketSweep({ client: clientOf(stub), clock, limits, openMirror });
  const failures: unknown[] = [];
  const said: string[] = [];
  const swept = new SweptFrameStore({
    ...{ store, client, clock, sweep },
    onSwept: ({ frames }) => said.push(`${frames} deleted`),
    onWaiting: () => said.push('waits'),
    onLeft: (sentence) => said.push(sentence),
    onFailure: (error) => failures.push(error),
  });
  onTestFinished(() => swept.close());
  const frames = async (day: string) => (await new BucketCaptures(client).frames(day)).length;
  return { said, failures, frames };
}

it('a receiver takes over the lease of a process that was killed in a sweep', async () => {
  const { said, failures, frames } = await makeSwept();
  await eventually(() => said.includes('1 deleted'), 'the sweep');
  expect(await frames('yard/2026_11_01')).toBe(0);
  expect(await frames('yard/2026_11_09')).toBe(2);
  expect(failures).toEqual([]);
});
