/**
 * What every store of frames does: the same tests for the directory, the bucket and the model in memory. A world is one
 * store that several processes use.
 */
import { describe, expect, it } from 'vitest';
import { type Recorded, readLine } from '../../../receiver/store/record-line.js';
import type { Erasure } from '../../../receiver/store/erasures.js';
import type { Erased } from '../../../receiver/archive/erase-stretch.js';
import type { KeepTarget, KeepWish } from '../../../receiver/archive/retention/keep.js';
import type { StoredCaptures } from '../../../receiver/store/stored-captures.js';
import type { FrameStore, FrameToStore } from '../../../receiver/store/store-port.js';
import { makeJpeg } from '../../support/pictures.js';
import { day, epoch, frameOf, gapOf, nameOf, receivedAtMs, reportOf } from './given.js';
import type { Fault } from './memory-store.js';

export interface StoreWorld {
  /** The store as another process opens it. */
  readonly open: () => Promise<FrameStore>;
  readonly captures: StoredCaptures;
  readonly deleteFrames: (day: string, names: readonly string[]) => Promise<void>;
  /** @throws {OperationalError} STORE: there is no such frame or event */
  readonly keep: (target: KeepTarget, wish: KeepWish) => Promise<void>;
  /** Resolves when every process knows the erasure. */
  readonly erase: (erasure: Erasure) => Promise<Erased>;
  /** What happens to the next write. After a cut its process never answers. @returns resolves when it has happened */
  readonly injectNext: (fault: Fault, into: 'frame' | 'line') => Promise<void>;
}

const dayMs = 86_400_000;
const otherEpoch = 'f'.repeat(32);

/** @param whyNot there is no such store here: a reason for the skipped tests */
export function describeStore(
  title: string,
  makeWorld: () => Promise<StoreWorld>,
  whyNot?: string,
): void {
  const suffix = whyNot === undefined ? '' : `, skipped: ${whyNot}`;
  describe.skipIf(whyNot !== undefined)(`${title} stores frames${suffix}`, () => {
    it('under a name made of camera, day and time, and gives back the same bytes', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
      expect(await captures.readFrame(nameOf(1))).toEqual(makeJpeg(1));
      expect(await captures.readFrame(nameOf(2))).toBeUndefined();
    });

    it('once when they are repeated, also to another process', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      await store.put(frameOf(1));
      for (const each of [store, await open()]) {
        const again = frameOf(1, { receivedAtMs: receivedAtMs + 5000 });
        expect(await each.put(again)).toEqual({ name: nameOf(1), duplicate: true });
      }
      expect(await namesIn(captures)).toEqual([nameOf(1)]);
      expect(await recordedIn(captures)).toHaveLength(1);
    });

    it('once when they are repeated at the same time, by several processes', async () => {
      const { open, captures } = await makeWorld();
      const stores = await Promise.all([open(), open(), open()]);
      const calls = [...stores, ...stores, ...stores, ...stores];
      const stored = await Promise.all(calls.map((store) => store.put(frameOf(1))));
      expect(new Set(stored.map(({ name }) => name))).toEqual(new Set([nameOf(1)]));
      expect(stored.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
      expect(await namesIn(captures)).toEqual([nameOf(1)]);
    });

    it('of one time with other bytes under other names, which stay theirs', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      const other = await open();
      const twins = Array.from({ length: 12 }, (_, at) => twin(at + 1));
      const stored = await Promise.all(
        twins.map((frame, at) => (at % 2 === 0 ? store : other).put(frame)),
      );
      expect(new Set(stored.map(({ name }) => name)).size).toBe(twins.length);
      const third = await open();
      for (const [at, frame] of twins.entries()) {
        const name = stored[at]?.name ?? '';
        expect(await captures.readFrame(name)).toEqual(frame.jpeg);
        expect(await third.put(frame)).toEqual({ name, duplicate: true });
      }
      expect(await namesIn(captures)).toHaveLength(twins.length);
    });

    it('of one time with the same bytes, when they are two frames', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      const same = { capturedAtMs: frameOf(1).capturedAtMs, jpeg: makeJpeg(1) };
      const second = frameOf(2, { ...same, sha256: frameOf(1).sha256 });
      expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
      expect(await store.put(second)).toEqual({ name: nameOf(1, 2), duplicate: false });
      expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
      expect(await store.put(second)).toEqual({ name: nameOf(1, 2), duplicate: true });
      expect(await namesIn(captures)).toHaveLength(2);
    });

    it('of raw senders each time: they are never taken for repeats', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      const raw = frameOf(1, { camera: 'raw-127-0-0-1', id: undefined });
      await Promise.all(Array.from({ length: 5 }, () => store.put(raw)));
      expect(await namesIn(captures)).toHaveLength(5);
    });

    it('of a camera without a clock by the day of arrival, once, also on a later day', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      const name = `yard/unclocked/2026_11_22/${epoch}-1.jpg`;
      const lost = (days: number): FrameToStore =>
        frameOf(1, { capturedAtMs: 40_000, receivedAtMs: receivedAtMs + days * dayMs });
      expect(await store.put(lost(0))).toEqual({ name, duplicate: false });
      for (const each of [store, await open()]) {
        expect(await each.put(lost(1))).toEqual({ name, duplicate: true });
      }
      expect(await namesIn(captures)).toEqual([name]);
    });
  });

  describe.skipIf(whyNot !== undefined)(`${title} acknowledges nothing too early`, () => {
    it('a frame that cannot be written is refused, and stored when it is sent again', async () => {
      const { open, captures, injectNext } = await makeWorld();
      const store = await open();
      await store.put(frameOf(9));
      const failed = injectNext('fails', 'frame');
      await expect(store.put(frameOf(1))).rejects.toMatchObject({ code: 'STORE' });
      await failed;
      expect(await namesIn(captures)).toEqual([nameOf(9)]);
      expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
    });

    it('a gap and a report that cannot be written are refused, and recorded when they are sent again', async () => {
      const { open, captures, injectNext } = await makeWorld();
      const store = await open();
      for (const record of [
        () => store.recordGap(gapOf(3)),
        () => store.recordReport(reportOf(4)),
      ]) {
        const failed = injectNext('fails', 'line');
        await expect(record()).rejects.toMatchObject({ code: 'STORE' });
        await failed;
        expect((await record()).duplicate).toBe(false);
      }
      expect(await recordedIn(captures)).toHaveLength(2);
    });

    it('a frame that is cut in the middle does not exist, and is stored by another process', async () => {
      const { open, captures, injectNext } = await makeWorld();
      const [killed, other] = [await open(), await open()];
      const cut = injectNext('is cut in the middle', 'frame');
      void killed.put(frameOf(1));
      await cut;
      expect(await namesIn(captures)).toEqual([]);
      expect(await other.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
      expect(await captures.readFrame(nameOf(1))).toEqual(makeJpeg(1));
    });

    it('a frame whose process is killed before the answer is whole, once and recorded after its repeat', async () => {
      const { open, captures, injectNext } = await makeWorld();
      const [killed, other] = [await open(), await open()];
      const cut = injectNext('is cut before the answer', 'frame');
      void killed.put(frameOf(1));
      await cut;
      expect((await other.put(frameOf(1))).name).toBe(nameOf(1));
      expect(await namesIn(captures)).toEqual([nameOf(1)]);
      expect(await captures.readFrame(nameOf(1))).toEqual(makeJpeg(1));
    });
  });

  describe.skipIf(whyNot !== undefined)(`${title} lists what it holds`, () => {
    it('by camera, day and time', async () => {
      const { open, captures } = await makeWorld();
      const store = await open();
      const later = (sequence: number, ms: number): FrameToStore =>
        frameOf(sequence, { capturedAtMs: frameOf(0).capturedAtMs + ms });
      for (const number of [3, 1, 2]) await store.put(frameOf(number));
      await store.put(later(4, dayMs));
      await store.put(later(5, 3_600_000));
      await store.put(frameOf(6, { capturedAtMs: 40_000 }));
      await store.put(frameOf(7, { camera: 'shed' }));
      await store.recordReport({ ...reportOf(8), camera: 'attic' });
      expect(await captures.cameras()).toEqual(['attic', 'shed', 'yard']);
      const days = [day, 'yard/2026_11_23', 'yard/unclocked/2026_11_22'];
      expect(await captures.days('yard')).toEqual(days);
      expect(await captures.days('nowhere')).toEqual([]);
      const files = await captures.frames(day);
      const names = [1, 2, 3].map((number) => nameOf(number).slice(day.length + 1));
      expect(files.slice(0, 3)).toEqual(
        names.map((name, at) => ({ name, byteCount: makeJpeg(at + 1).length })),
      );
      expect(files[3]?.name).toBe('2026_11_22_08_30_15_000+0000.jpg');
      const { capturedAtMs: startMs } = frameOf(0);
      const range = { fromLocalMs: startMs + 2, toLocalMs: startMs + 3_600_000 };
      expect((await captures.frames(day, range)).map(({ name }) => name)).toEqual(names.slice(1));
      expect(await captures.frames('yard/2026_11_24')).toEqual([]);
    });

    it('in the record, each frame with its line', async () => {
      const { open, captures } = await makeWorld();
      const [store, other] = [await open(), await open()];
      for (let number = 1; number <= 8; number += 1) {
        await (number % 2 === 0 ? store : other).put(frameOf(number));
      }
      const recorded = await recordedIn(captures);
      const names = recorded.map((each) => (each.kind === 'frame' ? `${day}/${each.name}` : ''));
      expect(names.sort()).toEqual(await namesIn(captures));
      expect((await captures.readRecord('yard/2026_11_24')).length).toBe(0);
    });
  });

  describe.skipIf(whyNot !== undefined)(`${title} forgets on purpose only`, () => {
    it('a deleted frame is gone, is a duplicate when it is repeated, and leaves its name to no other', async () => {
      const { open, captures, deleteFrames } = await makeWorld();
      const store = await open();
      await store.put(frameOf(1));
      await store.put(frameOf(2));
      await deleteFrames(day, [nameOf(1).slice(day.length + 1)]);
      for (const each of [store, await open()]) {
        expect(await each.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
        expect(await namesIn(captures)).toEqual([nameOf(2)]);
      }
      expect(await captures.readFrame(nameOf(1))).toBeUndefined();
      const next = await store.put(twin(3));
      expect(next).toEqual({ name: nameOf(1, 2), duplicate: false });
      expect(await recordText(captures)).toContain('{"deleted":1,');
    });

    it('an erased stretch has no frames, and takes none that arrive later', async () => {
      const { open, captures, erase } = await makeWorld();
      const store = await open();
      for (const number of [1, 2, 5]) await store.put(frameOf(number));
      const { capturedAtMs } = frameOf(0);
      const stretch = { fromLocalMs: capturedAtMs + 2, toLocalMs: capturedAtMs + 5 };
      const erasure = { camera: 'yard', atMs: receivedAtMs, ...stretch, why: 'asked' };
      const byteCount = makeJpeg(2).length;
      expect(await erase(erasure)).toEqual({ frames: 1, byteCount, days: 1, left: [] });
      const hash = frameOf(2).sha256;
      expect(await recordText(captures)).not.toContain(hash);
      expect(await summariesIn(captures)).toMatchObject([
        { why: 'erased', frames: 1, entries: [[epoch, [[2, 2]]]] },
      ]);
      expect(await erase({ ...erasure, atMs: receivedAtMs + 1 })).toMatchObject({ frames: 0 });
      expect(await captures.erasures('yard')).toEqual([
        erasure,
        { ...erasure, atMs: receivedAtMs + 1 },
      ]);
      expect(await captures.erasures('shed')).toEqual([]);
      for (const [each, duplicate] of [
        [store, false],
        [store, true],
        [await open(), true],
      ] as const) {
        expect(await each.put(frameOf(3))).toEqual({ name: `${day}/record.jsonl`, duplicate });
      }
      expect(await namesIn(captures)).toEqual([nameOf(1), nameOf(5)]);
      const record = await recordText(captures);
      expect(record.split('"late":1').length - 1).toBe(1);
      await store.put(frameOf(4, { camera: 'shed' }));
      expect(await captures.cameras()).toEqual(['shed', 'yard']);
    });

    it('gaps and reports of an erased stretch stay, and so do frames beside it, once', async () => {
      const { open, captures, erase } = await makeWorld();
      const [store, other] = [await open(), await open()];
      for (const number of [1, 2, 3, 4]) {
        await (number % 2 === 0 ? store : other).put(frameOf(number));
      }
      await store.recordGap(gapOf(6));
      await other.recordReport(reportOf(7));
      const { capturedAtMs } = frameOf(0);
      const stretch = { fromLocalMs: capturedAtMs + 2, toLocalMs: capturedAtMs + 4 };
      await erase({ camera: 'yard', atMs: receivedAtMs, ...stretch, why: 'asked' });
      const before = await recordedIn(captures);
      expect(before.map(({ kind }) => kind).sort()).toEqual(['frame', 'frame', 'line', 'line']);
      for (const each of [store, other, await open()]) {
        expect(await each.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
        expect(await each.recordGap(gapOf(6))).toMatchObject({ duplicate: true });
        expect(await each.recordReport(reportOf(7))).toMatchObject({ duplicate: true });
      }
      expect(await store.put(frameOf(8))).toEqual({ name: nameOf(8), duplicate: false });
      expect(await recordedIn(captures)).toHaveLength(before.length + 1);
      expect(await namesIn(captures)).toEqual([1, 4, 8].map((number) => nameOf(number)));
    });

    it('what is kept says so in the record, and what is no longer kept too, in their order', async () => {
      const { open, captures, keep } = await makeWorld();
      const store = await open();
      const verdict = {
        reason: 'change',
        ratio: 0.1,
        boxes: [],
        event: 'e1',
        changed: true,
      } as const;
      await store.put(frameOf(1, { verdict }));
      const name = nameOf(1).slice(day.length + 1);
      const target = { kind: 'file', camera: 'yard', day, name } as const;
      await keep(target, { kind: 'kept', note: 'who?', atMs: receivedAtMs });
      expect(await recordText(captures)).toContain(`"names":["${name}"],"note":"who?"`);
      const event = { kind: 'event', camera: 'yard', event: 'e1' } as const;
      await keep(event, { kind: 'kept', note: undefined, atMs: receivedAtMs + 1 });
      await keep(event, { kind: 'unkept', note: undefined, atMs: receivedAtMs + 2 });
      const notes = (await recordText(captures)).matchAll(/"(kept|unkept)":1/g);
      expect([...notes].map(([, kind]) => kind)).toEqual(['kept', 'kept', 'unkept']);
    });

    it('nothing is kept that is not there', async () => {
      const { open, captures, keep, deleteFrames } = await makeWorld();
      const store = await open();
      for (const number of [1, 2]) await store.put(frameOf(number));
      const names = [1, 2, 3].map((number) => nameOf(number).slice(day.length + 1));
      await deleteFrames(day, names.slice(0, 1));
      const before = await recordText(captures);
      const wish = { kind: 'kept', note: undefined, atMs: receivedAtMs } as const;
      for (const name of [names[0] ?? '', names[2] ?? '']) {
        const target = { kind: 'file', camera: 'yard', day, name } as const;
        await expect(keep(target, wish)).rejects.toMatchObject({ code: 'STORE' });
      }
      const event = { kind: 'event', camera: 'yard', event: 'e9' } as const;
      await expect(keep(event, wish)).rejects.toMatchObject({ code: 'STORE' });
      expect(await recordText(captures)).toBe(before);
    });
  });

  describe.skipIf(whyNot !== undefined)(`${title} records`, () => {
    it('a gap once, and another one with the same number too', async () => {
      const { open, captures } = await makeWorld();
      const [store, second] = [await open(), await open()];
      const name = `${day}/record.jsonl`;
      expect(await store.recordGap(gapOf(3))).toEqual({ name, duplicate: false });
      const again = gapOf(3, { receivedAtMs: receivedAtMs + 1 });
      for (const each of [store, second, await open()]) {
        expect(await each.recordGap(again)).toEqual({ name, duplicate: true });
      }
      expect(await second.recordGap(gapOf(3, { count: 6 }))).toEqual({ name, duplicate: false });
      expect(await recordedIn(captures)).toHaveLength(2);
    });

    it('a report once, also when several processes get it at the same time', async () => {
      const { open, captures } = await makeWorld();
      const stores = await Promise.all([open(), open()]);
      const name = `${day}/record.jsonl`;
      expect(await stores[0].recordReport(reportOf(1))).toEqual({ name, duplicate: false });
      const again = await Promise.all(stores.map((each) => each.recordReport(reportOf(1))));
      expect(again).toEqual([1, 2].map(() => ({ name, duplicate: true })));
      const calls = [...stores, ...stores, ...stores];
      await Promise.all(calls.map((each) => each.recordReport(reportOf(2))));
      expect(await recordedIn(captures)).toHaveLength(2);
    });

    it('a gap of a camera without a clock once, also on a later day', async () => {
      const { open } = await makeWorld();
      const store = await open();
      const name = 'yard/unclocked/2026_11_22/record.jsonl';
      const early = { capturedAtMs: 40_000 };
      expect(await store.recordGap(gapOf(1, early))).toEqual({ name, duplicate: false });
      const later = gapOf(1, { ...early, receivedAtMs: receivedAtMs + dayMs });
      for (const each of [store, await open()]) {
        expect(await each.recordGap(later)).toEqual({ name, duplicate: true });
      }
    });

    it('the same id for every process', async () => {
      const { open } = await makeWorld();
      const [one, other] = await Promise.all([open(), open()]);
      expect(one.id).toMatch(/^[0-9a-f]{32}$/);
      expect(other.id).toBe(one.id);
    });
  });
}

/** A frame of the time of the first one, with other bytes, of another epoch. */
function twin(number: number): FrameToStore {
  const { capturedAtMs } = frameOf(1);
  return frameOf(number + 100, { capturedAtMs, id: { epoch: otherEpoch, sequence: number } });
}

/** Paths of all frames of the camera `yard`, or of all cameras. */
async function namesIn(captures: StoredCaptures): Promise<string[]> {
  const names: string[] = [];
  for (const camera of await captures.cameras()) {
    for (const each of await captures.days(camera)) {
      names.push(...(await captures.frames(each)).map(({ name }) => `${each}/${name}`));
    }
  }
  return names.sort();
}

async function recordText(captures: StoredCaptures): Promise<string> {
  return (await captures.readRecord(day)).toString();
}

async function summariesIn(captures: StoredCaptures): Promise<unknown[]> {
  const lines = (await recordText(captures)).split('\n');
  return lines
    .filter((line) => line.includes('"summary":1'))
    .map((line) => JSON.parse(line) as unknown);
}

/** Entries of the day's record, each once. */
async function recordedIn(captures: StoredCaptures): Promise<Recorded[]> {
  const entries = new Map<string, Recorded>();
  for (const line of (await recordText(captures)).split('\n')) {
    const recorded = line === '' ? undefined : readLine(line);
    if (recorded === undefined || recorded.kind === 'gone') continue;
    entries.set(`${recorded.key} ${recorded.kind === 'frame' ? recorded.name : ''}`, recorded);
  }
  return [...entries.values()];
}
