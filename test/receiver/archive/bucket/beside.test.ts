/**
 * Receivers store, while the record of their day is compacted, frames are erased and kept, readers read, and the object
 * store fails at random: what is acknowledged is in each later reading, once.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { compactDay } from '../../../../receiver/archive/bucket/compact-day.js';
import { eraseInBucket } from '../../../../receiver/archive/bucket/erase-in-bucket.js';
import { RecordMirror } from '../../../../receiver/archive/mirror/record-mirror.js';
import { readRecordLine } from '../../../../receiver/archive/record-entry.js';
import { BucketCaptures } from '../../../../receiver/store/s3/bucket-captures.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import type { S3Client } from '../../../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../../../shared/clock.js';
import { bucketId, mirrored } from '../../../support/mirror-world.js';
import { makeJpeg } from '../../../support/pictures.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { type S3Stub, startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { day, frameOf, gapOf, nameOf, receivedAtMs } from '../../store/given.js';
import { seededRandom } from '../../../faults/plan.js';

const jpeg = makeJpeg(1);
const frameAt = (number: number) => frameOf(number, { jpeg });
const { capturedAtMs: startMs } = frameAt(0);

const open = (client: S3Client) =>
  openBucketStore({ client, clock: systemClock, erasuresMaxAgeMs: 0 });

/** Names of frames, and how often each line is there. */
async function entriesOf(stub: S3Stub): Promise<Map<string, number>> {
  const record = await new BucketCaptures(clientOf(stub)).readRecord(day);
  const entries = new Map<string, number>();
  for (const text of record.toString().trimEnd().split('\n')) {
    const line = text === '' ? undefined : readRecordLine(text);
    expect(text === '' || line !== undefined, text).toBe(true);
    const key = line?.kind === 'frame' ? line.name : `${line?.kind}`;
    entries.set(key, (entries.get(key) ?? 0) + 1);
  }
  return entries;
}

/** As an agent or an operator: until it is done. */
async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE' });
    }
  }
}

describe('the record of a day that is compacted beside receivers', () => {
  it.each([1, 2, 3])(
    'has each acknowledged entry once, in each reading: seed %d',
    { timeout: 300_000 },
    async (seed) => {
      const stub = await startS3Stub();
      const random = seededRandom(seed);
      const stores = await Promise.all([open(clientOf(stub)), open(clientOf(stub))]);
      stub.fault = ({ key }) => {
        if (random() >= 0.05 || !key.includes('record.d/')) return undefined;
        return random() < 0.5
          ? { kind: 'break after' }
          : { kind: 'refuse', status: 403, code: 'No' };
      };
      const acknowledged = new Set<string>();
      const erased = { fromLocalMs: startMs + 200, toLocalMs: startMs + 220 };
      let [isStoring, compactions, reads] = [true, 0, 0];
      const storing = async (first: number): Promise<void> => {
        for (let number = first; number < first + 100; number += 1) {
          const store = stores[random() < 0.5 ? 0 : 1];
          await untilDone(() => store.put(frameAt(number)));
          acknowledged.add(nameOf(number).slice(day.length + 1));
          if (number % 25 === 0) await untilDone(() => store.recordGap(gapOf(1000 + number)));
        }
      };
      const compacting = async (): Promise<void> => {
        while (isStoring) {
          const wish = {
            camera: 'yard',
            atMs: receivedAtMs,
            why: 'deleted',
            joinsFrom: 1,
          } as const;
          await untilDone(() => compactDay(clientOf(stub), day, { ...wish, isGone: () => false }));
          compactions += 1;
        }
      };
      const reading = async (): Promise<void> => {
        while (isStoring) {
          const before = [...acknowledged];
          const entries = await untilDone(() => entriesOf(stub));
          for (const name of before) expect(entries.get(name), name).toBe(1);
          reads += 1;
        }
      };
      const erasing = async (): Promise<void> => {
        const erasure = { camera: 'yard', atMs: receivedAtMs, ...erased, why: 'asked' };
        await untilDone(() =>
          eraseInBucket({ client: clientOf(stub), clock: pausingClock(), learnMs: 0 }, erasure),
        );
      };
      const stored = Promise.all([storing(1), storing(301)]).finally(() => (isStoring = false));
      await Promise.all([stored, compacting(), reading(), erasing()]);
      stub.fault = () => undefined;
      const entries = await entriesOf(stub);
      for (const name of acknowledged) expect(entries.get(name), name).toBe(1);
      expect(entries.get('gap')).toBe(8);
      expect(compactions).toBeGreaterThan(3);
      expect(reads).toBeGreaterThan(3);
      const files = await new BucketCaptures(clientOf(stub)).frames(day);
      expect(files.map(({ name }) => name)).toEqual([...acknowledged].sort());
    },
  );
});

describe('the mirror of a day that is compacted', () => {
  it('has the lines of the record, without those that were taken out', async () => {
    const stub = await startS3Stub();
    const client = clientOf(stub);
    const stores = await Promise.all([open(client), open(clientOf(stub))]);
    for (const number of [1, 2, 3, 4, 5, 6]) await stores[number % 2]?.put(frameAt(number));
    await stores[0].recordGap(gapOf(7));
    const mirror = await RecordMirror.open({ client, id: bucketId, parent: temporaryDirectory() });
    onTestFinished(() => mirror.close());
    await mirror.refreshDay(day);
    const before = mirrored(mirror, day);
    const wish = { camera: 'yard', atMs: receivedAtMs, why: 'erased' } as const;
    await compactDay(client, day, { ...wish, isGone: () => false, joinsFrom: 1 });
    await mirror.refreshDay(day);
    expect(mirrored(mirror, day)).toEqual(before);
    const isGone = (entry: { kind: string; name?: string }): boolean =>
      entry.name === nameOf(3).slice(day.length + 1);
    expect(await compactDay(client, day, { ...wish, isGone })).toBe(1);
    await mirror.refreshDay(day);
    const { text, lines } = mirrored(mirror, day);
    const merged = (await new BucketCaptures(client).readRecord(day)).toString();
    expect([...lines].sort()).toEqual(merged.trimEnd().split('\n').sort());
    expect(text).not.toContain('"sequence":3,');
    expect(text).not.toContain('"compacted"');
  });
});

describe('a receiver whose small objects were compacted by another process', () => {
  it('writes no line again that was taken out', async () => {
    const stub = await startS3Stub();
    const client = clientOf(stub);
    const store = await open(client);
    for (let number = 1; number <= 40; number += 1) await store.put(frameAt(number));
    const gone = new Set([3, 4, 5].map((number) => nameOf(number).slice(day.length + 1)));
    const wish = { camera: 'yard', atMs: receivedAtMs, why: 'deleted' } as const;
    const isGone = (entry: { kind: string; name?: string }): boolean => gone.has(entry.name ?? '');
    expect(await compactDay(client, day, { ...wish, isGone })).toBe(3);
    for (let number = 41; number <= 110; number += 1) await store.put(frameAt(number));
    await store.close();
    const lines = [...stub.objects].filter(([key]) => key.includes('/record.d/'));
    // It has joined what it wrote since.
    expect(lines.length).toBeLessThan(60);
    const text = lines.map(([, { body }]) => body.toString()).join('');
    for (const sequence of [3, 4, 5]) expect(text).not.toContain(`"sequence":${sequence},`);
    expect((await entriesOf(stub)).size).toBe(107 + 1);
  });
});
