/** Every list of cameras is in the same order: by their numbers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { KeyFolder } from '../../../receiver/access/keys/key-folder.js';
import { CameraDays } from '../../../receiver/archive/camera-days.js';
import { camerasIn } from '../../../receiver/archive/captures-reader.js';
import { CapturesSource } from '../../../receiver/archive/verify/captures-source.js';
import { surveyCaptures } from '../../../receiver/store/captures-survey.js';
import { Folder } from '../../../receiver/store/folder.js';
import { BucketCaptures } from '../../../receiver/store/s3/bucket-captures.js';
import { systemClock } from '../../../shared/clock.js';
import { clientOf } from '../../support/s3-bucket.js';
import { startS3Stub } from '../../support/s3-stub.js';
import { temporaryDirectory } from '../../support/temporary.js';

const cameras = ['cam1', 'cam2', 'cam10'];
const day = '2026_11_22';

it('cam2 comes before cam10 in a directory, in a bucket and among the keys', async () => {
  const [directory, keys] = [temporaryDirectory(), temporaryDirectory()];
  const client = clientOf(await startS3Stub());
  for (const camera of cameras.toReversed()) {
    mkdirSync(join(directory, camera, day), { recursive: true });
    writeFileSync(join(keys, `${camera}.json`), '{}');
    await client.put(`${camera}/${day}/record.jsonl`, Buffer.from('\n'));
  }
  const captures = await Folder.open(directory);
  onTestFinished(() => captures.close());
  const surveys = await surveyCaptures(directory, Date.UTC(2026, 10, 22), 0);
  const lists = {
    report: await camerasIn(captures),
    viewer: await new CameraDays(systemClock).cameras(captures),
    status: surveys.map(({ camera }) => camera),
    verify: await new CapturesSource(captures).cameras(),
    cameras: new KeyFolder(keys).cameras().map(({ camera }) => camera),
    bucket: await new BucketCaptures(client).cameras(),
  };
  for (const [where, list] of Object.entries(lists)) expect(list, where).toEqual(cameras);
});
