/** Frames and gaps of a camera without a clock: stored by the day of arrival, and found when repeated later. */
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { epoch, frameOf, gapOf, receivedAtMs } from './given.js';

const dayMs = 86_400_000;
const early = { capturedAtMs: 40_000 };
const arrivedAfter = (days: number) => ({ ...early, receivedAtMs: receivedAtMs + days * dayMs });
const first = `yard/unclocked/2026_11_22/${epoch}-1.jpg`;

describe('a frame without a clock', () => {
  it.each([0, 1, 40])('that is repeated %d days later is found', async (days) => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const before = Date.now();
    expect(await store.put(frameOf(1, early))).toEqual({ name: first, duplicate: false });
    expect(statSync(join(directory, first)).mtimeMs).toBeGreaterThanOrEqual(before - 1000);
    for (const opened of [store, await openFrameStore(directory, Date.now())]) {
      const again = await opened.put(frameOf(1, arrivedAfter(days)));
      expect(again).toEqual({ name: first, duplicate: true });
    }
    expect(filesBelow(directory)).toEqual([first]);
  });

  it('makes a folder for each day of arrival, and no empty one', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    for (let day = 0; day < 4; day += 1) await store.put(frameOf(day + 1, arrivedAfter(day)));
    const names = ['22', '23', '24', '25'].map(
      (day, index) => `yard/unclocked/2026_11_${day}/${epoch}-${index + 1}.jpg`,
    );
    expect(filesBelow(directory)).toEqual(names);
    expect(await store.put(frameOf(3, arrivedAfter(3)))).toEqual({
      name: names[2],
      duplicate: true,
    });
  });

  it('stored by version 0.1 is found in its folder', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(frameOf(1, early));
    await store.recordGap(gapOf(2, early));
    const folder = join(directory, 'yard/unclocked');
    renameSync(join(folder, '2026_11_22'), `${directory}-old`);
    renameSync(folder, `${directory}-empty`);
    renameSync(`${directory}-old`, folder);
    const after = await openFrameStore(directory, Date.now());
    const name = `yard/unclocked/${epoch}-1.jpg`;
    expect(await after.put(frameOf(1, arrivedAfter(1)))).toEqual({ name, duplicate: true });
    const record = { name: 'yard/unclocked/record.jsonl', duplicate: true };
    expect(await after.recordGap(gapOf(2, arrivedAfter(1)))).toEqual(record);
    expect(filesBelow(directory)).toEqual([name]);
  });

  it('with the same id and another capture time is another frame', async () => {
    const store = await openFrameStore(temporaryDirectory(), Date.now());
    await store.put(frameOf(1, early));
    const other = frameOf(1, { capturedAtMs: 80_000 });
    const name = first.replace('-1.jpg', '-1-2.jpg');
    expect(await store.put(other)).toEqual({ name, duplicate: false });
    expect(await store.put(other)).toEqual({ name, duplicate: true });
    expect(await store.put(frameOf(1, early))).toEqual({ name: first, duplicate: true });
  });
});

describe('a gap without a clock', () => {
  it('is recorded once, also when it is repeated on another day', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const name = 'yard/unclocked/2026_11_22/record.jsonl';
    expect(await store.recordGap(gapOf(1, early))).toEqual({ name, duplicate: false });
    expect(await store.recordGap(gapOf(1, arrivedAfter(2)))).toEqual({ name, duplicate: true });
    expect(readFileSync(join(directory, name), 'utf8').trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(directory, 'yard/unclocked/2026_11_24'))).toBe(false);
  });
});
