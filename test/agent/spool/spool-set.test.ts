import {
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Entry, decodeEntry, sha256Of } from '../../../agent/spool/entry.js';
import { SpoolSet } from '../../../agent/spool/spool-set.js';
import { makeJpeg } from '../../support/pictures.js';
import { noReport, spoolSettings } from '../../support/spool-settings.js';
import { temporaryDirectory } from '../../support/temporary.js';

const laptop = { host: 'Laptop', port: 4444 };
const nas = { host: 'fe80::1%eth0', port: 5555 };
const frame = (number: number) => ({
  jpeg: makeJpeg(number),
  capturedAtMs: Date.UTC(2026, 10, 22),
  utcOffsetMinutes: 0,
  verdict: { reason: 'change', ratio: 0, boxes: [] },
});
const rootIn = (directory: string): string => join(directory, 'spool');

describe('SpoolSet', () => {
  it('stores one file of a frame for all receivers, with a spool for each', async () => {
    const root = rootIn(temporaryDirectory());
    const set = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    await set.add(frame(1));
    expect(readdirSync(root).sort()).toEqual(['-fe80--1-eth0-_5555', 'laptop_4444']);
    const paths = readdirSync(root).map((name) => join(root, name, '000000000001.jpg'));
    const [one, other] = paths.map((path) => statSync(path));
    expect(one?.ino).toBe(other?.ino);
    expect(one?.nlink).toBe(2);
    await set.spoolFor(laptop).acknowledge(1);
    expect(set.spoolFor(laptop).waitingCount).toBe(0);
    // The first spool's tombstone must not change the file that both spools share.
    expect((await set.spoolFor(nas).load(1))?.body).toEqual(makeJpeg(1));
  });

  it('writes the only name of a frame for one receiver, and does not read it when it is sent at once', async () => {
    const root = rootIn(temporaryDirectory());
    const set = await SpoolSet.onDisk(root, [laptop], spoolSettings);
    const spool = set.spoolFor(laptop);
    const path = join(root, 'laptop_4444', '000000000001.jpg');
    const sent: Promise<Entry | undefined>[] = [];
    spool.onAdded(() => {
      expect(decodeEntry(readFileSync(path)).body).toEqual(makeJpeg(1));
      truncateSync(path, 0);
      sent.push(spool.load(1));
    });
    await set.add(frame(1));
    expect(readdirSync(root)).toEqual(['laptop_4444']);
    expect(statSync(path).nlink).toBe(1);
    expect((await sent[0])?.body).toEqual(makeJpeg(1));
    spool.unload(1);
    expect(await spool.load(1)).toBeUndefined();
  });

  it('says that a frame is delivered when every receiver has acknowledged it, also after a restart', async () => {
    const root = rootIn(temporaryDirectory());
    const delivered: string[] = [];
    const adding = (number: number, life: string) => ({
      ...frame(number),
      capturedAtMs: Date.UTC(2026, 10, 22) + number * 5000,
      onDelivered: () => void delivered.push(`${number} ${life}`),
    });
    const before = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    for (const number of [1, 2, 3]) await before.add(adding(number, 'first'));
    await before.spoolFor(laptop).acknowledge(1);
    expect(delivered).toEqual([]);
    await before.spoolFor(nas).acknowledge(1);
    expect(delivered).toEqual(['1 first']);
    const again = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    for (const number of [2, 3]) await again.add(adding(number, 'second'));
    for (const receiver of [laptop, nas]) await again.spoolFor(receiver).acknowledge(2);
    expect(delivered).toEqual(['1 first', '2 second']);
    await again.spoolFor(laptop).acknowledge(3);
    await again.spoolFor(nas).reject(3, 'refused');
    expect(again.waitingCount).toBe(0);
    expect(delivered).toEqual(['1 first', '2 second']);
  });

  it('knows the newest frame of an earlier process by its bytes, while it waits for all', async () => {
    const root = rootIn(temporaryDirectory());
    const before = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    for (const number of [1, 2]) await before.add(frame(number));
    await before.close();
    const again = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    const newest = sha256Of(frame(2).jpeg);
    expect(await again.newestOf(newest)).toBe(frame(2).capturedAtMs + 1);
    expect(await again.newestOf(sha256Of(frame(1).jpeg))).toBeUndefined();
    await again.spoolFor(laptop).acknowledge(2);
    expect(await again.newestOf(newest)).toBeUndefined();
    await again.close();
  });

  it('has the waiting frames of configured hosts when it is opened again', async () => {
    const root = rootIn(temporaryDirectory());
    await (await SpoolSet.onDisk(root, [laptop, nas], spoolSettings)).add(frame(1));
    const left: string[] = [];
    const orphaned = (folder: string, count: number): number => left.push(`${folder} ${count}`);
    const report = { ...noReport, orphaned };
    const again = await SpoolSet.onDisk(root, [laptop], { ...spoolSettings, report });
    expect(again.waitingCount).toBe(1);
    expect(left).toEqual([`${join(root, '-fe80--1-eth0-_5555')} 1`]);
  });

  it('returns an orphaned spool, with its own epoch, when its receiver answers', async () => {
    const root = rootIn(temporaryDirectory());
    const id = '0'.repeat(32);
    const before = await SpoolSet.onDisk(root, [laptop], spoolSettings);
    expect(await before.noteReceiver(laptop, id)).toEqual([]);
    await before.add(frame(1));
    const renamed = { host: 'laptop.local', port: 4444 };
    const set = await SpoolSet.onDisk(root, [renamed], spoolSettings);
    expect(await set.noteReceiver(renamed, 'f'.repeat(32))).toEqual([]);
    const [left] = await set.noteReceiver(renamed, id);
    expect(left?.epoch).toBe(before.spoolFor(laptop).epoch);
    expect((await left?.load(1))?.body).toEqual(makeJpeg(1));
    await left?.acknowledge(1);
    expect(await set.noteReceiver(renamed, id)).toEqual([]);
  });

  it('adds a frame once that an earlier process added and that still waits', async () => {
    const root = rootIn(temporaryDirectory());
    const before = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    await before.add(frame(1));
    await before.spoolFor(nas).acknowledge(1);
    const set = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    const sha256 = sha256Of(makeJpeg(1));
    const { capturedAtMs } = frame(1);
    // The second receiver's spool has no record of the delivered frame.
    expect(await set.holds(capturedAtMs, sha256)).toBe(false);
    await set.add(frame(1));
    const waiting = [laptop, nas].map((each) => set.spoolFor(each).waitingCount);
    expect(waiting).toEqual([1, 1]);
    const again = await SpoolSet.onDisk(root, [laptop, nas], spoolSettings);
    expect(await again.holds(capturedAtMs, sha256)).toBe(true);
    expect(await again.holds(capturedAtMs + 1, sha256)).toBe(false);
    expect(await again.holds(capturedAtMs, sha256Of(makeJpeg(2)))).toBe(false);
  });

  it('adds equal frames of one process each time', async () => {
    const root = rootIn(temporaryDirectory());
    const set = await SpoolSet.onDisk(root, [laptop], spoolSettings);
    for (let time = 0; time < 3; time += 1) await set.add(frame(1));
    expect(set.waitingCount).toBe(3);
  });

  it('gives frames of the same millisecond different times', async () => {
    const set = SpoolSet.inMemory([laptop], spoolSettings);
    await set.add(frame(1));
    await set.add(frame(2));
    const spool = set.spoolFor(laptop);
    const times = [1, 2].map(async (sequence) => (await spool.load(sequence))?.header);
    expect(await Promise.all(times)).toMatchObject([
      { capturedAtMs: Date.UTC(2026, 10, 22) },
      { capturedAtMs: Date.UTC(2026, 10, 22) + 1 },
    ]);
  });

  it('returns what names an added frame, and whether it is on the disk', async () => {
    const sha256 = sha256Of(frame(1).jpeg);
    const { capturedAtMs } = frame(1);
    const inMemory = SpoolSet.inMemory([laptop], spoolSettings);
    expect(await inMemory.add(frame(1))).toEqual({ capturedAtMs, sha256, isOnDisk: false });
    const onDisk = await SpoolSet.onDisk(
      join(temporaryDirectory(), 'spool'),
      [laptop],
      spoolSettings,
    );
    expect(await onDisk.add(frame(1))).toEqual({ capturedAtMs, sha256, isOnDisk: true });
    expect(await onDisk.add(frame(1))).toMatchObject({ capturedAtMs: capturedAtMs + 1 });
    await onDisk.close();
  });

  it('reports a directory that it cannot use', async () => {
    const directory = temporaryDirectory();
    mkdirSync(rootIn(directory));
    writeFileSync(join(rootIn(directory), 'laptop_4444'), 'in the way');
    await expect(SpoolSet.onDisk(rootIn(directory), [laptop], spoolSettings)).rejects.toMatchObject(
      {
        code: 'STATE',
        hint: expect.stringContaining('--state') as string,
      },
    );
  });
});
