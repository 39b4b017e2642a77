/** Report and viewer of a bucket of a real object store, beside those of a copy in a directory. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ceph, cephBucket, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { answersOf, sendDay, startViewer, withoutMoments } from '../support/viewer-answers.js';

const whyNot = whyNoCeph();
const suffix = whyNot === undefined ? '' : `, skipped: ${whyNot}`;
const env = {
  AWS_ACCESS_KEY_ID: cephKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: cephKeys.secretAccessKey,
};
let ceph: Ceph | undefined;

beforeAll(async () => {
  if (whyNot === undefined) ceph = await startCeph();
});

afterAll(() => ceph?.stop());

describe.skipIf(whyNot !== undefined)(`what reads a bucket of Ceph${suffix}`, () => {
  it('says what it says of a copy in a directory, and follows what is stored', async () => {
    const endpoint = ['--s3-endpoint', ceph?.endpoint.origin ?? ''];
    const place = `s3://${cephBucket}/read`;
    const receiver = (...args: string[]) =>
      run(process.execPath, [`${root}dist/receiver.js`, ...args], { env });
    const storing = await startReceiverProgram(place, endpoint, { env });
    const bucket = ['--dir', place, ...endpoint, '--cache', temporaryDirectory()];
    // It is there before the camera.
    const viewer = await startViewer(bucket, env);
    await sendDay(storing.port);
    await storing.stop();
    const copy = join(temporaryDirectory(), 'copy');
    expect(await receiver('copy', place, copy, ...endpoint)).toMatchObject({ code: 0, stderr: '' });
    const wish = ['report', '--day', '2026-11-22', '--json'];
    const ofBucket = await receiver(...wish, ...bucket);
    expect(ofBucket).toMatchObject({ code: 0, stderr: '' });
    const ofCopy = await receiver(...wish, '--dir', copy);
    expect(withoutMoments(ofBucket.stdout)).toEqual(withoutMoments(ofCopy.stdout));
    expect(ofBucket.stdout).toContain('"camera":"yard"');
    const expected = await answersOf((await startViewer(['--dir', copy])).address);
    await eventually(async () => {
      const cameras = await (await fetch(`${viewer.address}api/v1/cameras`)).text();
      if (!cameras.includes('"yard"')) return false;
      return isDeepStrictEqual(await answersOf(viewer.address), expected);
    }, 'the same answers');
    const found = await answersOf(viewer.address);
    expect(found.bytes).toEqual([1, 2, 3].map((number) => makeJpeg(number)));
    expect(found).toEqual(expected);
    expect(await viewer.stop()).toBe(0);
  });
});
