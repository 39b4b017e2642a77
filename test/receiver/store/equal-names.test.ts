/** Frames with the same plain name: the cost of each, and that each finds a number. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, epoch, frameOf, nameOf } from './given.js';

afterEach(() => void vi.restoreAllMocks());

/** Counts calls of folders. */
function countCalls() {
  const link = vi.spyOn(Folder.prototype, 'link');
  const lstat = vi.spyOn(Folder.prototype, 'lstat');
  const openFile = vi.spyOn(Folder.prototype, 'openFile');
  return () => ({
    links: link.mock.calls.length,
    all: [link, lstat, openFile].reduce((sum, { mock }) => sum + mock.calls.length, 0),
  });
}

/** The same time and the same bytes, as another frame. */
const equal = (sequence: number) => frameOf(1, { id: { epoch, sequence } });

describe('equal names', () => {
  it('cost the same for each frame, however many there are', async () => {
    const store = await openFrameStore(temporaryDirectory(), Date.now());
    for (let sequence = 1; sequence <= 40; sequence += 1) await store.put(equal(sequence));
    const calls = countCalls();
    await store.put(equal(41));
    expect(calls().links).toBe(1);
    for (let sequence = 42; sequence <= 61; sequence += 1) {
      expect((await store.put(equal(sequence))).name).toBe(nameOf(1, sequence));
    }
    expect(calls().links).toBe(21);
    expect(calls().all).toBeLessThan(21 * 20);
  });

  it('are found by bisection after a restart, also for a repeat', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(equal(1));
    const count = 5000;
    for (let number = 2; number <= count; number += 1) {
      writeFileSync(join(directory, nameOf(1, number)), '');
    }
    const again = await openFrameStore(directory, Date.now());
    const calls = countCalls();
    expect(await again.put(equal(2))).toEqual({ name: nameOf(1, count + 1), duplicate: false });
    expect(calls().links).toBe(2);
    expect(calls().all).toBeLessThan(100);
    expect(await again.put(equal(2))).toEqual({ name: nameOf(1, count + 1), duplicate: true });
    const third = await openFrameStore(directory, Date.now());
    expect(await third.put(equal(2))).toEqual({ name: nameOf(1, count + 1), duplicate: true });
  });

  it('do not hide a frame whose line was lost', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    for (let sequence = 1; sequence <= 5; sequence += 1) await store.put(equal(sequence));
    writeFileSync(join(directory, day, 'record.jsonl'), '');
    const again = await openFrameStore(directory, Date.now());
    for (let sequence = 1; sequence <= 5; sequence += 1) {
      expect(await again.put(equal(sequence))).toMatchObject({ duplicate: true });
    }
    expect(filesBelow(directory)).toHaveLength(5);
  });

  it('are all stored when they arrive at once', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const sequences = Array.from({ length: 50 }, (_, index) => index + 1);
    const stored = await Promise.all(sequences.map((sequence) => store.put(equal(sequence))));
    expect(new Set(stored.map(({ name }) => name)).size).toBe(50);
    expect(filesBelow(directory)).toHaveLength(50);
  });

  it('of another process are skipped in few calls', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(equal(1));
    await store.put(equal(2));
    for (let number = 3; number <= 1000; number += 1) {
      writeFileSync(join(directory, nameOf(1, number)), '');
    }
    const calls = countCalls();
    expect((await store.put(equal(3))).name).toBe(nameOf(1, 1001));
    expect(calls().links).toBeLessThan(20);
  });

  it('of one id with two capture times are two frames', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const later = frameOf(1, { capturedAtMs: frameOf(1).capturedAtMs + 2 });
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
    expect(await store.put(later)).toEqual({ name: nameOf(3), duplicate: false });
    for (const opened of [store, await openFrameStore(directory, Date.now())]) {
      expect(await opened.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
      expect(await opened.put(later)).toEqual({ name: nameOf(3), duplicate: true });
    }
  });
});
