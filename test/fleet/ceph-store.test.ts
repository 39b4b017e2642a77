/** A bucket of a real object store, Ceph, does what every store does, also while its gateway is killed. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBucketSweep } from '../../receiver/archive/bucket/open-bucket-sweep.js';
import { noLimits } from '../../receiver/archive/retention/limits.js';
import { sweep } from '../../receiver/archive/retention/sweep.js';
import { BucketSource } from '../../receiver/archive/verify/bucket-source.js';
import type { S3ClientParts } from '../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../shared/clock.js';
import { dayMs, verifySource } from '../receiver/archive/verify/made-store.js';
import { describeStore } from '../receiver/store/conformance.js';
import { frameOf } from '../receiver/store/given.js';
import { bucketWorld } from '../support/bucket-world.js';
import { type Ceph, startCeph, whyNoCeph } from '../support/ceph.js';
import { heldMirror } from '../support/mirror-world.js';
import { temporaryDirectory } from '../support/temporary.js';

const whyNot = whyNoCeph();
const suffix = whyNot === undefined ? '' : `, skipped: ${whyNot}`;
let ceph: Ceph | undefined;

beforeAll(async () => {
  if (whyNot === undefined) ceph = await startCeph();
});

afterAll(() => ceph?.stop());

/** A new prefix of the bucket. */
function makeWorld() {
  const running = ceph;
  if (running === undefined) throw new Error('Ceph was not started');
  const prefix = `${randomBytes(6).toString('hex')}/`;
  const makeClient = (changes?: Partial<S3ClientParts>) => running.client(prefix, changes);
  return { ...bucketWorld(makeClient), makeClient, ceph: running };
}

describeStore('a bucket of Ceph', () => Promise.resolve(makeWorld()), whyNot);

describe.skipIf(whyNot !== undefined)(`the client of Ceph${suffix}`, () => {
  it('has exactly one of eight writers write a key', async () => {
    const { makeClient } = makeWorld();
    const clients = Array.from({ length: 8 }, () => makeClient());
    for (let round = 0; round < 5; round += 1) {
      const key = `yard/${round}+0100.jpg`;
      const isNew = await Promise.all(
        clients.map((each, at) => each.putNew(key, Buffer.from([at]))),
      );
      expect(isNew.filter((each) => each)).toHaveLength(1);
      expect(await clients[0]?.get(key)).toEqual(Buffer.from([isNew.indexOf(true)]));
    }
  });

  it('names wrong keys, a wrong secret and a missing bucket', async () => {
    const { makeClient } = makeWorld();
    const { accessKeyId, secretAccessKey } = { accessKeyId: 'fleet-key', secretAccessKey: 'no' };
    const faults: [Partial<S3ClientParts>, string][] = [
      [{ readCredentials: () => Promise.resolve({ accessKeyId, secretAccessKey }) }, '403'],
      [{ readCredentials: () => Promise.resolve({ accessKeyId: 'x', secretAccessKey }) }, '403'],
      [{ bucket: 'nowhere' }, '404 NoSuchBucket'],
    ];
    for (const [changes, text] of faults) {
      const writing = makeClient(changes).putNew('a', Buffer.from('a'));
      await expect(writing).rejects.toMatchObject({
        ...{ code: 'STORE', message: expect.stringContaining(text) as string },
        hint: expect.any(String) as string,
      });
    }
  });

  it('lists more objects than one page has, and from a key on', async () => {
    const { client } = makeWorld();
    const keys = Array.from({ length: 1050 }, (_, at) => `yard/${String(at).padStart(4, '0')}+0`);
    for (let at = 0; at < keys.length; at += 25) {
      const part = keys.slice(at, at + 25);
      await Promise.all(part.map((key) => client.put(key, Buffer.from(key))));
    }
    const found: string[] = [];
    for await (const { key } of client.list('yard/')) found.push(key);
    expect(found).toEqual(keys);
    const later: string[] = [];
    for await (const { key } of client.list('yard/', 'yard/1047+0')) later.push(key);
    expect(later).toEqual(keys.slice(-2));
  });
});

describe.skipIf(whyNot !== undefined)(`a sweep of a bucket of Ceph${suffix}`, () => {
  it('deletes old frames, compacts the records of days that are over, and verifies', async () => {
    const { open, captures, client, makeClient } = makeWorld();
    const store = await open();
    const { capturedAtMs } = frameOf(0);
    const frameAt = (number: number) =>
      frameOf(number, { capturedAtMs: capturedAtMs + (number - 1) * 43_200_000 });
    for (let number = 1; number <= 8; number += 1) await store.put(frameAt(number));
    const limits = { ...noLimits, maxAge: [{ camera: undefined, amount: 2 * dayMs }] };
    const clock = { ...systemClock, nowMs: () => capturedAtMs + 4 * dayMs };
    const openMirror = () => heldMirror(client, temporaryDirectory());
    const { parts, close } = await openBucketSweep({ client, clock, limits, openMirror });
    const wish = { waitS: 60, mayDelete: () => true };
    expect(await sweep(parts, wish).finally(close)).toMatchObject({ outcome: 'done', frames: 4 });
    const days = await captures.days('yard');
    expect(days).toHaveLength(4);
    const files = await Promise.all(days.map((each) => captures.frames(each)));
    expect(files.map((each) => each.length)).toEqual([0, 0, 2, 2]);
    expect((await captures.readRecord(days[0] ?? '')).toString()).toContain('"summary":1');
    for (let number = 1; number <= 8; number += 1) {
      expect(await store.put(frameAt(number))).toMatchObject({ duplicate: true });
    }
    const { findings } = await verifySource(new BucketSource(makeClient()), new Map());
    expect(findings).toEqual([]);
  });
});

describe.skipIf(whyNot !== undefined)(`a gateway of Ceph that is killed${suffix}`, () => {
  it('loses no acknowledged frame, and has none twice', async () => {
    const { open, captures, ceph: running } = makeWorld();
    const store = await open();
    const count = 60;
    let acknowledged = 0;
    const send = async (sequence: number): Promise<void> => {
      // As an agent: until it is acknowledged.
      for (;;) {
        try {
          await store.put(frameOf(sequence));
          acknowledged += 1;
          return;
        } catch {
          // It is sent again.
        }
      }
    };
    const killing = (async () => {
      while (acknowledged < count / 3) await new Promise((resolve) => setTimeout(resolve, 10));
      await running.killGateway();
      await running.startGateway();
    })();
    for (let first = 1; first <= count; first += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((more) => send(first + more)));
    }
    await killing;
    const files = await captures.frames('yard/2026_11_22');
    expect(files).toHaveLength(count);
    for (const { name } of files) {
      const sequence = Number(/_(\d{3})\+/.exec(name)?.[1]);
      expect(await captures.readFrame(`yard/2026_11_22/${name}`)).toEqual(frameOf(sequence).jpeg);
    }
  });
});
