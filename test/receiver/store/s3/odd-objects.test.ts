/** A bucket has objects that no receiver writes, or that are cut, and a store that lists what it does not have. */
import { describe, expect, it } from 'vitest';
import { compactDay } from '../../../../receiver/archive/bucket/compact-day.js';
import { SweepLease } from '../../../../receiver/archive/bucket/sweep-lease.js';
import { keyOfBase, livePieces, readPieces } from '../../../../receiver/store/s3/bucket-record.js';
import { bucketWorld } from '../../../support/bucket-world.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { day, frameOf, gapOf, receivedAtMs } from '../given.js';

const compaction = { camera: 'yard', atMs: receivedAtMs, why: 'erased', joinsFrom: 1 } as const;

async function makeBucket() {
  const stub = await startS3Stub();
  const world = bucketWorld((changes) => clientOf(stub, changes));
  const plant = (key: string, text: string): void => {
    const body = Buffer.from(text);
    stub.objects.set(`cams/${key}`, { body, metadata: {}, modifiedAtMs: receivedAtMs });
  };
  return { ...world, stub, plant };
}

describe('the record of a day', () => {
  it('is read where a directory that a crash had left with a torn line was copied', async () => {
    const { client, open, plant } = await makeBucket();
    const store = await open();
    await store.put(frameOf(1));
    plant(`${day}/record.jsonl`, '{"frame":1,"camera":"ya');
    await store.put(frameOf(2));
    const { lines } = await readPieces(client, day);
    expect(lines).toHaveLength(3);
    await compactDay(client, day, { ...compaction, isGone: () => false });
    expect((await readPieces(client, day)).lines.slice().sort()).toEqual(lines.slice().sort());
  });

  it('has a gap once, where another program has put objects beside the compacted one', async () => {
    const { client, open, plant, stub } = await makeBucket();
    await (await open()).recordGap(gapOf(2));
    await compactDay(client, day, { ...compaction, isGone: () => false });
    // A later compaction removes those of entries.
    for (const key of stub.objects.keys()) if (key.includes('/e-')) stub.objects.delete(key);
    plant(`${day}/record.d/c-old`, 'a copy by hand');
    expect(await (await open()).recordGap(gapOf(2))).toMatchObject({ duplicate: true });
    expect((await readPieces(client, day)).lines).toHaveLength(1);
  });

  it('that the store lists, and does not have, fails a frame, and asks no more without end', async () => {
    const { client, open, plant, stub } = await makeBucket();
    const store = await open();
    plant(keyOfBase(day, 7), '');
    plant(`${day}/record.d/l-a-1`, '');
    const gone = { kind: 'refuse', status: 404, code: 'NoSuchKey' } as const;
    stub.fault = ({ key, method }) =>
      method === 'GET' && key.endsWith(keyOfBase(day, 7)) ? gone : undefined;
    const again = { code: 'STORE', message: expect.stringContaining('change again') as string };
    await expect(store.put(frameOf(1))).rejects.toMatchObject(again);
    await expect(livePieces(client, day, undefined)).rejects.toMatchObject(again);
    stub.fault = () => undefined;
  });
});

describe('the lease of a sweep', () => {
  it('is taken and given back beside objects of other programs, which stay', async () => {
    const { client, plant, stub } = await makeBucket();
    plant('.sweeping/notes.txt', 'mine');
    plant('.sweeping/', '');
    for (let turn = 1; turn <= 3; turn += 1) {
      const lease = await SweepLease.take(client, pausingClock(), 0);
      expect(lease).toBeDefined();
      await lease?.check();
      await lease?.release();
    }
    const keys = [...stub.objects.keys()];
    expect(keys).toContain('cams/.sweeping/notes.txt');
    expect(keys.filter((key) => key.startsWith('cams/.sweeping/0'))).toEqual([
      'cams/.sweeping/000000003',
    ]);
  });
});
