/** Frames of an erased stretch are acknowledged and not stored, whenever they arrive. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Erasure,
  erasuresName,
  isErased,
  lineOfErasure,
  readErasureLines,
  readErasures,
} from '../../../receiver/store/erasures.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, epoch, frameOf, nameOf } from './given.js';

const { capturedAtMs } = frameOf(0);
const erasure = (from: number, to: number): Erasure => ({
  ...{ camera: 'yard', atMs: capturedAtMs + 5000, why: 'the neighbour’s "garden"' },
  ...{ fromLocalMs: capturedAtMs + from, toLocalMs: capturedAtMs + to },
});

async function makeStore() {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'yard'));
  const open = async () => {
    const store = await openFrameStore(directory, Date.now());
    onTestFinished(() => store.close());
    return store;
  };
  const erase = (each: Erasure): void =>
    appendFileSync(join(directory, 'yard', erasuresName), lineOfErasure(each));
  const frames = (): string[] => filesBelow(directory).filter((name) => name.endsWith('.jpg'));
  const record = (): string => readFileSync(join(directory, day, 'record.jsonl'), 'utf8');
  return { directory, store: await open(), open, erase, frames, record };
}

describe('a frame of an erased stretch', () => {
  it('is recorded as late and not stored, once, also by the next process', async () => {
    const { store, open, erase, frames, record } = await makeStore();
    await store.put(frameOf(0));
    erase(erasure(1, 3));
    for (const [each, isAgain] of [
      [store, false],
      [store, true],
      [await open(), true],
    ] as const) {
      const stored = await each.put(frameOf(1));
      expect(stored).toEqual({ name: `${day}/record.jsonl`, duplicate: isAgain });
    }
    for (const number of [2, 3]) await store.put(frameOf(number));
    expect(frames()).toEqual([nameOf(0), nameOf(3)]);
    const late = record()
      .split('\n')
      .filter((line) => line.includes('"late"'));
    expect(late.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { late: 1, camera: 'yard', epoch, sequence: 1, captured: capturedAtMs + 1 },
      { late: 1, camera: 'yard', epoch, sequence: 2, captured: capturedAtMs + 2 },
    ]);
  });

  it('is told by the local time of its camera', async () => {
    const { store, erase, frames } = await makeStore();
    erase(erasure(0, 10));
    await store.put(frameOf(5, { utcOffsetMinutes: 60 }));
    expect(frames()).toHaveLength(1);
    const earlier = frameOf(6, {
      capturedAtMs: capturedAtMs + 6 - 3_600_000,
      utcOffsetMinutes: 60,
    });
    await store.put(earlier);
    expect(frames()).toHaveLength(1);
  });

  it('is removed when its time is erased while it is being stored', async () => {
    const { directory, store, erase, frames, record } = await makeStore();
    await store.put(frameOf(0));
    const storing = store.put(frameOf(1));
    // The first look was before this line.
    erase(erasure(1, 2));
    expect(await storing).toEqual({ name: nameOf(1), duplicate: false });
    expect(frames()).toEqual([nameOf(0)]);
    const deleted = record().trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(deleted)).toMatchObject({
      deleted: 1,
      why: 'erased',
      bytes: frameOf(1).jpeg.length,
    });
    await store.put(frameOf(1));
    expect(existsSync(join(directory, nameOf(1)))).toBe(false);
  });

  it('of another camera is stored', async () => {
    const { store, erase, frames } = await makeStore();
    erase(erasure(0, 10));
    await store.put(frameOf(5, { camera: 'shed' }));
    expect(frames()).toHaveLength(1);
  });
});

describe('the erasures of a camera', () => {
  it('that cannot be read are said once, and frames are stored', async () => {
    const { directory, frames } = await makeStore();
    const said: string[] = [];
    const store = await openFrameStore(directory, Date.now(), {
      onUnreadableErasure: (what) => said.push(what),
    });
    onTestFinished(() => store.close());
    const path = join(directory, 'yard', erasuresName);
    const line = lineOfErasure(erasure(5, 9));
    writeFileSync(path, `${line.replace('"from"', '"fxom"')}\n${line}`);
    await Promise.all([1, 2, 6].map((number) => store.put(frameOf(number))));
    expect(frames()).toEqual([nameOf(1), nameOf(2)]);
    expect(said).toEqual(['yard/erased.jsonl line 1']);
    // Another erasure adds nothing that is unreadable.
    appendFileSync(path, `\n${lineOfErasure(erasure(20, 21))}`);
    await store.put(frameOf(3));
    appendFileSync(path, '\nwhat is this\n');
    await store.put(frameOf(4));
    expect(said).toEqual(['yard/erased.jsonl line 1', 'yard/erased.jsonl lines 1, 7']);
  });

  it.each([1, 10, 40, 100])('of which a kill cut a line after %i bytes are all read', (bytes) => {
    const line = lineOfErasure(erasure(1, 3));
    const torn = line.slice(0, bytes);
    expect(readErasureLines(`${line}\n${torn}`).unreadable).toEqual([]);
    expect(readErasureLines(`${line}\n${torn}\n${line}`).unreadable).toEqual([]);
    const afterPowerCut = `${torn}${'\0'.repeat(line.length - bytes)}`;
    expect(readErasureLines(`${line}\n${afterPowerCut}\n${line}`).unreadable).toEqual([]);
    expect(readErasureLines(`${line}\n\0${torn}\n${line}`).unreadable).toEqual([3]);
  });

  it('are read without what is unknown or cut off', () => {
    const known = erasure(1, 3);
    const lines = [
      'what is this\n',
      lineOfErasure(known),
      '{"erased":1,"camera":"yard","at":1,"fr',
    ];
    expect(readErasures(lines.join(''))).toEqual([known]);
    expect(isErased([known], { capturedAtMs: capturedAtMs + 2, utcOffsetMinutes: 0 })).toBe(true);
    expect(isErased([known], { capturedAtMs: capturedAtMs + 3, utcOffsetMinutes: 0 })).toBe(false);
  });

  it('that cannot be read let no frame pass', async () => {
    const { directory, store, frames } = await makeStore();
    mkdirSync(join(directory, 'yard', erasuresName));
    await expect(store.put(frameOf(1))).rejects.toMatchObject({ code: 'STORE' });
    writeFileSync(join(directory, 'other'), '');
    expect(frames()).toEqual([]);
  });
});
