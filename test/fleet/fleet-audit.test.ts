/** The audit of the fleet finds what it is for. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { S3Client } from '../../receiver/store/s3/s3-client.js';
import { frameOf } from '../receiver/store/given.js';
import { bucketWorld } from '../support/bucket-world.js';
import { clientOf } from '../support/s3-bucket.js';
import { startS3Stub } from '../support/s3-stub.js';
import { type FleetFindings, auditFleet } from './fleet-audit.js';

const nothing = { lost: [], twice: [], foreign: [], unmatched: [], undeleted: [] };
const hashOf = (jpeg: Buffer): string => createHash('sha256').update(jpeg).digest('hex');

/** Stores three frames, and changes the bucket. @param change what happens to it; `paths` of the frames */
async function audited(
  change: (client: S3Client, paths: readonly string[]) => Promise<unknown>,
  deleted: readonly number[] = [],
): Promise<FleetFindings> {
  const stub = await startS3Stub();
  const { open, client } = bucketWorld((changes) => clientOf(stub, changes));
  const store = await open();
  const frames = [1, 2, 3].map((sequence) => frameOf(sequence));
  const paths: string[] = [];
  for (const frame of frames) paths.push((await store.put(frame)).name);
  await change(client, paths);
  const hashes = frames.map(({ jpeg }) => hashOf(jpeg));
  const made = new Map(hashes.map((hash) => [hash, 'yard']));
  const gone = new Set(deleted.map((sequence) => hashOf(frameOf(sequence).jpeg)));
  return await auditFleet(client, { made, acknowledged: new Set(hashes), deleted: gone });
}

it('finds nothing in a bucket that is right', async () => {
  expect(await audited(() => Promise.resolve())).toEqual({ ...nothing, storedCount: 3 });
});

it('finds an acknowledged frame that is missing', async () => {
  const findings = await audited((client, [path = '']) => client.remove(path));
  const hash = hashOf(frameOf(1).jpeg);
  expect(findings).toMatchObject({ lost: [hash], storedCount: 2 });
  expect(findings.unmatched).toEqual([`yard/2026_11_22: only line of ${hash}`]);
});

it('finds a frame that is above a limit and still there', async () => {
  const gone = await audited((client, [path = '']) => client.remove(path), [1]);
  expect(gone).toEqual({ ...nothing, storedCount: 2 });
  const { undeleted } = await audited(() => Promise.resolve(), [1]);
  expect(undeleted).toHaveLength(1);
});

it('finds a frame that is stored twice, and one that is no frame of a camera', async () => {
  const findings = await audited(async (client, [path = '']) => {
    const other = path.replace(/(\.jpg)$/, '-2$1');
    await client.put(other, (await client.get(path)) ?? Buffer.alloc(0));
    await client.put(path.replace(/(\.jpg)$/, '-3$1'), frameOf(9).jpeg);
  });
  expect(findings.twice).toHaveLength(1);
  expect(findings.foreign).toHaveLength(1);
  expect(findings.unmatched).toEqual([`yard/2026_11_22: no line of ${frameOf(9).sha256}`]);
});

it('finds a frame that has a second line under another name', async () => {
  const findings = await audited(async (client, [path = '']) => {
    const day = path.slice(0, path.lastIndexOf('/'));
    const { sha256 } = frameOf(1);
    await client.put(`${day}/record.d/l-other-1`, Buffer.from(`{"sha256":"${sha256}"}\n`));
  });
  expect(findings.twice).toEqual([`yard/2026_11_22: lines of ${frameOf(1).sha256}`]);
});
