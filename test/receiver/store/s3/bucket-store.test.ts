/** A bucket does what every store does; and what is its own. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { lineOfErasure } from '../../../../receiver/store/erasures.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { systemClock } from '../../../../shared/clock.js';
import { makeJpeg } from '../../../support/pictures.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { bucketWorld } from '../../../support/bucket-world.js';
import { describeStore } from '../conformance.js';
import { day, epoch, frameOf, gapOf, nameOf, receivedAtMs } from '../given.js';

async function makeBucket() {
  const stub = await startS3Stub();
  const world = bucketWorld((changes) => clientOf(stub, changes));
  const keys = (): string[] => [...stub.objects.keys()].map((key) => key.slice('cams/'.length));
  const requests = (): string[] => stub.seen.map(({ method, key }) => `${method} ${key}`);
  return { ...world, stub, keys, requests };
}

describeStore('a bucket', async () => await makeBucket());

describe('a frame in a bucket', () => {
  it('has its hash and its id in the metadata, and its line beside it before it is acknowledged', async () => {
    const { stub, open, keys } = await makeBucket();
    const store = await open();
    const { name } = await store.put(frameOf(1));
    expect(stub.objects.get(`cams/${name}`)?.metadata).toEqual({
      sha256: createHash('sha256').update(makeJpeg(1)).digest('hex'),
      frame: `${epoch} 1 2026-11-22T07:30:15.001Z`,
    });
    const [line = ''] = keys().filter((key) => key.startsWith(`${day}/record.d/l-`));
    expect(stub.objects.get(`cams/${line}`)?.body.toString()).toContain('{"frame":1,');
  });

  it('that another program wrote is recognized by its bytes', async () => {
    const { client, open } = await makeBucket();
    const store = await open();
    await client.put(nameOf(1), makeJpeg(1));
    await client.put(nameOf(2), makeJpeg(9));
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
    expect(await store.put(frameOf(2))).toEqual({ name: nameOf(2, 2), duplicate: false });
  });

  it('that another program wrote is recognized also when it was deleted', async () => {
    const { stub, open, deleteFrames, captures } = await makeBucket();
    const body = frameOf(1).jpeg;
    stub.objects.set(`cams/${nameOf(1)}`, { body, metadata: {}, modifiedAtMs: 0 });
    await (await open()).put(frameOf(1));
    await deleteFrames(day, [nameOf(1).slice(day.length + 1)]);
    expect(await (await open()).put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
    expect(await captures.frames(day)).toEqual([]);
  });

  it('costs the same, however many have its time', async () => {
    const { stub, open } = await makeBucket();
    const store = await open();
    const { capturedAtMs } = frameOf(1);
    const twin = (sequence: number) => frameOf(sequence, { capturedAtMs });
    for (let sequence = 1; sequence <= 40; sequence += 1) await store.put(twin(sequence));
    stub.seen.length = 0;
    expect((await store.put(twin(41))).duplicate).toBe(false);
    expect(stub.seen.length).toBeLessThan(25);
    expect((await store.put(twin(30))).duplicate).toBe(true);
  });

  it('is not acknowledged when its line cannot be written, and then once', async () => {
    const { open, captures, injectNext } = await makeBucket();
    const store = await open();
    const failed = injectNext('fails', 'line');
    await expect(store.put(frameOf(1))).rejects.toMatchObject({ code: 'STORE' });
    await failed;
    expect((await store.put(frameOf(1))).name).toBe(nameOf(1));
    expect((await captures.readRecord(day)).toString().split('\n')).toHaveLength(2);
  });
});

describe('the record of a bucket', () => {
  it('has few objects, however many lines: small ones are joined, and none is lost', async () => {
    const { open, captures, keys } = await makeBucket();
    const store = await open();
    const jpeg = makeJpeg(1);
    for (let sequence = 1; sequence <= 150; sequence += 1) {
      await store.put(frameOf(sequence, { jpeg }));
    }
    await store.close();
    const pieces = keys().filter((key) => key.includes('/record.d/l-'));
    expect(pieces.length).toBeLessThan(30);
    const lines = (await captures.readRecord(day)).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(150);
  });

  it('of frames that arrive at once has fewer objects than frames', async () => {
    const { open, keys } = await makeBucket();
    const store = await open();
    const numbers = Array.from({ length: 30 }, (_, at) => at + 1);
    await Promise.all(numbers.map((number) => store.put(frameOf(number))));
    expect(keys().filter((key) => key.includes('/record.d/l-')).length).toBeLessThan(
      numbers.length,
    );
  });

  it('that was copied from a directory says what is a duplicate', async () => {
    const { client, open, captures } = await makeBucket();
    const store = await open();
    const names = [nameOf(1).slice(day.length + 1)];
    const common = { camera: 'yard', atMs: receivedAtMs } as const;
    const copied = await makeBucket();
    const first = await copied.open();
    await first.put(frameOf(1));
    await first.recordGap(gapOf(3));
    const record = (await copied.captures.readRecord(day)).toString();
    const deleted = noteLine({ kind: 'deleted', ...common, why: 'max-age', names, byteCount: 1 });
    await client.put(`${day}/record.jsonl`, Buffer.from(record + deleted));
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
    expect((await store.recordGap(gapOf(3))).duplicate).toBe(true);
    expect(await captures.frames(day)).toEqual([]);
    expect((await captures.readRecord(day)).toString()).toBe(record + deleted);
  });
});

describe('opening a bucket', () => {
  it('that ignores conditional writes is refused', async () => {
    const { stub, client } = await makeBucket();
    stub.conditions = 'ignored';
    await expect(openBucketStore({ client, clock: systemClock })).rejects.toMatchObject({
      ...{ code: 'STORE', message: expect.stringContaining('ignores If-None-Match') as string },
    });
  });

  it('that does not know conditional writes works: other bytes get another name', async () => {
    const { stub, open, captures } = await makeBucket();
    stub.conditions = 'not implemented';
    const store = await open();
    const { capturedAtMs } = frameOf(1);
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
    const other = frameOf(2, { capturedAtMs });
    expect(await store.put(other)).toEqual({ name: nameOf(1, 2), duplicate: false });
    expect(await captures.frames(day)).toHaveLength(2);
  });

  it('without a marker that is required is refused, and makes nothing', async () => {
    const { client, keys } = await makeBucket();
    const parts = { client, clock: systemClock, requiresMarker: true };
    await expect(openBucketStore(parts)).rejects.toMatchObject({
      hint: expect.stringContaining('--require-marker') as string,
    });
    expect(keys()).toEqual([]);
  });
});

describe('an erasure', () => {
  it('that comes while a frame of its time is stored takes the frame with it', async () => {
    const { stub, open, captures } = await makeBucket();
    const store = await open();
    await store.put(frameOf(0));
    const { capturedAtMs: fromLocalMs } = frameOf(1);
    const stretch = { fromLocalMs, toLocalMs: fromLocalMs + 1 };
    const erasure = { camera: 'yard', atMs: receivedAtMs, ...stretch, why: 'asked' };
    const object = { body: Buffer.from(lineOfErasure(erasure)), metadata: {}, modifiedAtMs: 0 };
    stub.fault = ({ method, key }) => {
      // The first look at the erasures was before it.
      const isFrame = method === 'PUT' && key.endsWith('.jpg');
      if (isFrame) stub.objects.set('cams/.erasures/yard/1.jsonl', object);
      return undefined;
    };
    expect((await store.put(frameOf(1))).name).toBe(nameOf(1));
    expect(await captures.readFrame(nameOf(1))).toBeUndefined();
    expect(await captures.frames(day)).toHaveLength(1);
    expect((await captures.readRecord(day)).toString()).toContain('"why":"erased"');
    expect((await store.put(frameOf(1))).name).toBe(`${day}/record.jsonl`);
  });

  it('that cannot be read lets no frame pass', async () => {
    const { stub, open, captures } = await makeBucket();
    const store = await open();
    stub.fault = ({ query }) =>
      query.get('prefix') === 'cams/.erasures/'
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    await expect(store.put(frameOf(1))).rejects.toMatchObject({ code: 'STORE' });
    stub.fault = () => undefined;
    expect(await captures.cameras()).toEqual([]);
  });
});
