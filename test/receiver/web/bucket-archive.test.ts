/** What the viewer says while the bucket is away. */
import { expect, it } from 'vitest';
import { bucketArchive } from '../../../receiver/web/bucket-archive.js';
import type { CameraAnswer } from '../../../receiver/web/api-types.js';
import type { Archive } from '../../../receiver/web/archive-port.js';
import { statusOf } from '../../../receiver/web/page/camera-status.js';
import { OperationalError } from '../../../shared/cli/errors.js';

const camera: CameraAnswer = {
  ...{ camera: 'yard', firstDay: '2026-11-22', lastDay: '2026-11-22', offset: 60, reports: true },
  ...{ lastArrival: 5, silentSince: 5, state: 'watching', why: null, clockError: null },
  unclocked: 0,
  newest: null,
};

it('states of cameras are unknown while the bucket is away, and then as they are', async () => {
  let isAway = true;
  const metrics: (boolean | undefined)[] = [];
  const inner = {
    cameras: () => Promise.resolve({ now: 9, version: 'x', cameras: [camera] }),
    states: () => Promise.resolve([camera]),
    metrics: (each?: boolean) => Promise.resolve(String(metrics.push(each))),
  } as unknown as Archive;
  const archive = bucketArchive(inner, () => {
    if (isAway) throw new OperationalError('STORE', 'cannot read s3://frames/ for 30 s');
  });
  const { cameras } = await archive.cameras();
  expect(cameras[0]).toMatchObject({ state: 'unknown', silentSince: null });
  expect((await archive.states())[0]).toMatchObject({ state: 'unknown', silentSince: null });
  const [away = camera] = cameras;
  const zone = { kind: 'camera', offset: 60 } as never;
  expect(statusOf(away, 9, zone)).toEqual({
    kind: 'bad',
    text: 'unknown: cannot read s3://frames/ for 30 s',
  });
  await archive.metrics();
  isAway = false;
  expect((await archive.cameras()).cameras).toEqual([camera]);
  await archive.metrics();
  expect(metrics).toEqual([true, false]);
});
