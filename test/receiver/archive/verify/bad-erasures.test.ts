/** Erasures that cannot be read, in a directory and in a bucket: said by verify and the doctor; the receiver says it too. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BucketSource } from '../../../../receiver/archive/verify/bucket-source.js';
import { bucketFindings } from '../../../../receiver/setup/doctor/bucket-findings.js';
import { capturesFindings } from '../../../../receiver/setup/doctor/captures-findings.js';
import { type Erasure, lineOfErasure } from '../../../../receiver/store/erasures.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { addErasure } from '../../../../receiver/store/s3/bucket-erasures.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import type { FrameStore } from '../../../../receiver/store/store-port.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { startS3Stub, stubKeys } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { StoreCamera, verify, verifySource } from './made-store.js';

const erasure: Erasure = { camera: 'yard', atMs: 0, fromLocalMs: 1, toLocalMs: 2, why: '' };

/** @returns the arrival of the next frame */
async function sendTwo(store: FrameStore): Promise<() => Promise<unknown>> {
  const camera = new StoreCamera(store, 'yard');
  await camera.report();
  await camera.frame();
  return () => camera.frame();
}

describe('an erasure that cannot be read', () => {
  it('of a directory is a fault, and a line that a kill cut off is none', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await sendTwo(store);
    await store.close();
    const path = join(directory, 'yard', 'erased.jsonl');
    const doctor = async () =>
      (await capturesFindings(directory, Date.now())).filter(({ check }) => check === 'erased');

    appendFileSync(path, `${lineOfErasure(erasure)}\n{"erased":1,"cam`);
    expect((await verify(directory, new Map())).findings).toEqual([]);
    expect(await doctor()).toEqual([]);

    appendFileSync(path, `\n${lineOfErasure(erasure).replace('"to"', '"tq"')}`);
    expect((await verify(directory, new Map())).findings).toMatchObject([
      { kind: 'unreadable-erasure', path: 'yard/erased.jsonl', found: 'line 4' },
    ]);
    expect(await doctor()).toMatchObject([
      { level: 'fault', says: expect.stringMatching(/^yard\/erased\.jsonl line 4: /) as string },
    ]);
  });

  it('of a bucket is a fault, and is said once by the receiver, which stores the frame', async () => {
    const stub = await startS3Stub();
    const client = clientOf(stub);
    const said: string[] = [];
    const onUnreadableErasure = (what: string): number => said.push(what);
    const clock = pausingClock();
    const parts = { client, clock, erasuresMaxAgeMs: 0, onUnreadableErasure };
    const send = await sendTwo(await openBucketStore(parts));
    await addErasure(client, erasure);
    const source = new BucketSource(clientOf(stub));
    expect((await verifySource(source, new Map())).findings).toEqual([]);

    await client.put('.erasures/yard/1.jsonl', Buffer.from('what is this\n'));
    expect(await send()).toMatchObject({ duplicate: false });
    await send();
    expect(said).toEqual(['s3://frames/cams/.erasures/yard/1.jsonl']);
    expect((await verifySource(source, new Map())).findings).toMatchObject([
      { kind: 'unreadable-erasure', path: '.erasures/yard/1.jsonl', found: 'no erasure' },
    ]);
    const findings = await bucketFindings({
      ...{ place: 's3://frames/cams', endpoint: stub.endpoint, region: 'us-east-1', clock },
      readCredentials: () => Promise.resolve(stubKeys),
    });
    expect(findings.filter(({ check }) => check === 'erased')).toMatchObject([
      { level: 'fault', says: expect.stringContaining('.erasures/yard/1.jsonl') as string },
    ]);
  });
});
