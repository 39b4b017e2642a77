/** Hints name the objects that are new, and cost one object a second at most. */
import { describe, expect, it } from 'vitest';
import {
  BucketHints,
  HintReader,
  hintOfChange,
  putHint,
} from '../../../../receiver/store/s3/bucket-hints.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { systemClock } from '../../../../shared/clock.js';
import { eventually } from '../../../support/eventually.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { day, frameOf, gapOf } from '../given.js';

async function makeHints() {
  const stub = await startS3Stub();
  const client = clientOf(stub);
  const hintKeys = () => [...stub.objects.keys()].filter((key) => key.startsWith('cams/.changed/'));
  const reader = new HintReader(client);
  const days = async () => new Set((await reader.read()).keys());
  return { stub, client, hintKeys, reader, days };
}

describe('a hint', () => {
  it('names the objects of a frame and of a gap that a receiver has stored, once', async () => {
    const { stub, reader, hintKeys } = await makeHints();
    const store = await openBucketStore({ client: clientOf(stub), clock: systemClock });
    expect(await reader.read()).toEqual(new Map());
    await store.put(frameOf(1));
    await store.recordGap(gapOf(2));
    await store.close();
    const start = `cams/${day}/record.d/`;
    const pieces = [...stub.objects.keys()].flatMap((key) =>
      key.startsWith(start) ? [key.slice(start.length)] : [],
    );
    expect(pieces).toHaveLength(2);
    expect(await reader.read()).toEqual(new Map([[day, new Set(pieces)]]));
    expect(await reader.read()).toEqual(new Map());
    expect(hintKeys().length).toBeLessThanOrEqual(2);
  });

  it('names all days that have changed since the last one', async () => {
    const { client, reader, hintKeys } = await makeHints();
    const hints = new BucketHints(client, systemClock);
    for (let camera = 1; camera <= 50; camera += 1)
      hints.note(`camera-${camera}/2026_11_22`, 'l-x-1');
    await hints.close();
    expect((await reader.read()).size).toBe(50);
    expect(hintKeys()).toHaveLength(2);
  });

  it('that cannot be written is in the next one, and keeps nothing waiting', async () => {
    const { stub, client, days } = await makeHints();
    const hints = new BucketHints(client, systemClock);
    let refusals = 0;
    stub.fault = ({ method }) => {
      if (method !== 'PUT' || refusals > 0) return undefined;
      refusals += 1;
      return { kind: 'refuse', status: 403, code: 'QuotaExceeded' };
    };
    hints.note(day, 'l-x-1');
    await eventually(() => refusals === 1, 'a refusal');
    await hints.close();
    expect(await days()).toEqual(new Set([day]));
  });

  it('is removed by its writer after a minute', async () => {
    const { client, hintKeys, reader } = await makeHints();
    const hints = new BucketHints(client, pausingClock());
    hints.note(day, 'l-x-1');
    await eventually(async () => (await reader.read()).has(day) || hintKeys().length === 0, 'it');
    await eventually(() => hintKeys().length === 0, 'its removal');
    await hints.close();
  });

  it('that keys may not remove stays, and is read', async () => {
    const { stub, client, hintKeys, reader, days } = await makeHints();
    stub.fault = ({ method }) =>
      method === 'DELETE' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
    for (const atMs of [1, 2]) await putHint(client, [day], atMs);
    const [old = ''] = hintKeys();
    const known = stub.objects.get(old);
    if (known !== undefined) stub.objects.set(old, { ...known, modifiedAtMs: 0 });
    expect(await days()).toEqual(new Set([day]));
    stub.seen.length = 0;
    await reader.read();
    expect(stub.seen.map(({ method }) => method)).toEqual(['GET']);
  });

  it('of a change removes those of processes that have ended, and fails nothing', async () => {
    const { stub, client, hintKeys, days } = await makeHints();
    for (const atMs of [1, 2, 3]) await putHint(client, [day], atMs);
    for (const key of hintKeys().slice(0, 2)) {
      const known = stub.objects.get(key);
      if (known !== undefined) stub.objects.set(key, { ...known, modifiedAtMs: 0 });
    }
    await hintOfChange(client, 'door/2026_11_22', 4);
    expect(hintKeys()).toHaveLength(2);
    expect(await days()).toEqual(new Set([day, 'door/2026_11_22']));
    stub.fault = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
    await expect(hintOfChange(client, day, 5)).resolves.toBeUndefined();
  });

  it('that names a whole day outweighs its objects, in any order', async () => {
    const { client, reader } = await makeHints();
    await putHint(client, [`${day} l-x-1`, `${day} e-y`, 'door/2026_11_22 l-x-2'], 1);
    const door = new Set(['l-x-2']);
    expect(await reader.read()).toEqual(
      new Map([
        [day, new Set(['l-x-1', 'e-y'])],
        ['door/2026_11_22', door],
      ]),
    );
    await putHint(client, [`${day} l-x-3`, day, `${day} l-x-4`], 2);
    expect(await reader.read()).toEqual(new Map([[day, undefined]]));
    await putHint(client, [`${day} c-000000001`, `${day} ../l-x`, `${day} l-x-1 l-x-2`], 3);
    expect(await reader.read()).toEqual(new Map());
  });

  it('of a killed receiver is removed by a reader, and a text that names no day is no day', async () => {
    const { stub, client, hintKeys, reader, days } = await makeHints();
    const old = `cams/${await putHint(client, [day, '../etc', 'yard/../..', ''], 1)}`;
    expect(await days()).toEqual(new Set([day]));
    const known = stub.objects.get(old);
    if (known !== undefined) stub.objects.set(old, { ...known, modifiedAtMs: 0 });
    await putHint(client, [day], 2);
    await reader.read();
    expect(hintKeys()).toHaveLength(1);
    expect(hintKeys()).not.toContain(old);
  });
});
