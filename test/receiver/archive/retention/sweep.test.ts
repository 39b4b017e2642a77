/** A sweep deletes what the limits demand, and nothing else. */
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SweepWish, dryRun, sweep } from '../../../../receiver/archive/retention/sweep.js';
import { SweepLock } from '../../../../receiver/archive/retention/sweep-lock.js';
import { gapLine } from '../../../../receiver/store/record-line.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import {
  dayMs,
  epoch,
  firstMs,
  frameAt,
  isThere,
  linesOf,
  makeStore,
  openTotals,
  plantAll,
  putAll,
} from './given-store.js';

const wish: SweepWish = { waitS: 0, mayDelete: () => true };
const old = { maxAge: [{ camera: undefined, amount: 2 * dayMs }] };

/** Three frames a day on four days. */
async function filled() {
  const given = await makeStore();
  const frames = [0, 1, 2, 3].flatMap((day) =>
    [0, 1, 2].map((minute) => frameAt(firstMs + day * dayMs + minute * 60_000)),
  );
  const names = plantAll(given.directory, frames);
  return { ...given, frames, names, nowMs: firstMs + 3.5 * dayMs };
}

describe('a sweep by age', () => {
  it('deletes frames that are too old, each with a line, and counts exactly', async () => {
    const { directory, root, totals, parts, names, nowMs } = await filled();
    const result = await sweep(parts(old, nowMs), wish);
    expect(result).toMatchObject({ outcome: 'done', frames: 6, left: [] });
    expect(names.map((name) => isThere(directory, name))).toEqual(names.map((_, at) => at >= 6));
    const fresh = await openTotals(directory);
    await fresh.totals.refresh(fresh.root);
    await totals.refresh(root);
    expect(totals.frames).toBe(6);
    expect(totals.totalBytes).toBe(fresh.totals.totalBytes);
    expect(await sweep(parts(old, nowMs), wish)).toMatchObject({ outcome: 'done', frames: 0 });
  });

  it('a deleted frame is a duplicate when it is sent again', async () => {
    const { directory, store, parts, frames, names, nowMs } = await filled();
    await sweep(parts(old, nowMs), wish);
    expect(await putAll(store, frames)).toEqual(names);
    expect(names.filter((name) => isThere(directory, name))).toHaveLength(6);
  });

  it('uses the age of a camera instead of that of all', async () => {
    const { directory, parts, nowMs, names } = await filled();
    const [door = ''] = plantAll(directory, [frameAt(firstMs, { camera: 'door' })]);
    const maxAge = [...old.maxAge, { camera: 'door', amount: 30 * dayMs }];
    await sweep(parts({ maxAge }, nowMs), wish);
    expect(isThere(directory, door)).toBe(true);
    expect(isThere(directory, names[0] ?? '')).toBe(false);
  });

  it('does nothing without limits', async () => {
    const { parts, nowMs } = await filled();
    expect(await sweep(parts({}, nowMs + 9999 * dayMs), wish)).toMatchObject({ frames: 0 });
  });
});

describe('a day without a frame', () => {
  it('is reduced to a summary, when it is old', async () => {
    const { directory, root, totals, parts, nowMs } = await filled();
    const day = 'yard/2026_11_01';
    await sweep(parts(old, nowMs), wish);
    expect(linesOf(directory, day, 'frame')).toEqual([]);
    expect(linesOf(directory, day, 'deleted')).toEqual([]);
    expect(linesOf(directory, day, 'summary')[0]).toMatchObject({ frames: 3, why: 'deleted' });
    const [young, youngMs] = [{ maxAge: [{ camera: undefined, amount: 60_000 }] }, nowMs - dayMs];
    await sweep(parts(young, youngMs + dayMs), wish);
    // The newest days stay as they are.
    expect(linesOf(directory, 'yard/2026_11_04', 'frame')).toHaveLength(3);
    expect(linesOf(directory, 'yard/2026_11_04', 'deleted')).toHaveLength(1);
    await totals.refresh(root);
    expect(totals.frames).toBe(0);
  });

  it('one that never had a frame is reduced when older frames go', async () => {
    const { directory, parts, nowMs } = await filled();
    const day = 'yard/2026_10_20';
    mkdirSync(join(directory, day));
    writeFileSync(
      join(directory, day, 'record.jsonl'),
      gapLine({
        ...{ camera: 'yard', id: { epoch, sequence: 9_999 }, count: 1, capturedAtMs: firstMs },
        ...{ lastCapturedAtMs: firstMs, utcOffsetMinutes: 0, why: 'size', receivedAtMs: firstMs },
      }),
    );
    await sweep(parts({ maxAge: [{ camera: undefined, amount: 60 * dayMs }] }, nowMs), wish);
    expect(linesOf(directory, day, 'gap')).toHaveLength(1);
    await sweep(parts(old, nowMs), wish);
    expect(linesOf(directory, day, 'gap')).toEqual([]);
    expect(linesOf(directory, day, 'summary')).toHaveLength(1);
  });
});

describe('a sweep by size', () => {
  it('deletes the oldest down to a little below the limit', async () => {
    const { directory, root, totals, parts } = await makeStore();
    const frames = Array.from({ length: 40 }, (_, at) =>
      frameAt(firstMs + at * 3_600_000, { bytes: 100_000, camera: at % 2 === 0 ? 'yard' : 'door' }),
    );
    const names = plantAll(directory, frames);
    const limit = 2 * 2 ** 20;
    const maxSize = [{ camera: undefined, amount: limit }];
    await sweep(parts({ maxSize }, firstMs + 1.4 * dayMs), wish);
    await totals.refresh(root);
    expect(totals.totalBytes).toBeLessThanOrEqual(limit * 0.98);
    expect(totals.totalBytes).toBeGreaterThan(limit * 0.8);
    const there = names.map((name) => isThere(directory, name));
    expect(there.indexOf(true)).toBe(there.lastIndexOf(false) + 1);
    expect(there.at(-1)).toBe(true);
    expect(linesOf(directory, 'yard/2026_11_01', 'deleted')[0]?.why).toBe('max-size');
  });

  it('a limit of a camera concerns this camera', async () => {
    const { directory, parts } = await makeStore();
    const frames = ['yard', 'door'].flatMap((camera) =>
      Array.from({ length: 15 }, (_, at) =>
        frameAt(firstMs + at * 60_000, { bytes: 100_000, camera }),
      ),
    );
    const names = plantAll(directory, frames);
    const maxSize = [{ camera: 'door', amount: 2 ** 20 }];
    await sweep(parts({ maxSize }, firstMs + dayMs), wish);
    const left = names.filter((name) => isThere(directory, name));
    expect(left.filter((name) => name.startsWith('yard/'))).toHaveLength(15);
    expect(left.filter((name) => name.startsWith('door/')).length).toBeLessThan(11);
  });

  it('tells what is missing when all frames are kept', async () => {
    const { directory, parts, names, nowMs } = await filled();
    for (const name of names) keep(directory, name);
    const disk = () => ({ totalBytes: 1e9, freeBytes: 0 });
    const result = await sweep({ ...parts({ minFree: { bytes: 1e6 } }, nowMs), disk }, wish);
    expect(result.frames).toBe(0);
    expect(result.plan?.shortBytes.ofDisk).toBeGreaterThan(1e6);
  });
});

function keep(directory: string, path: string, changes: Record<string, unknown> = {}): void {
  const [name = ''] = path.split('/').slice(-1);
  const day = path.slice(0, -name.length - 1);
  const note = { kind: 'kept', camera: 'yard', atMs: 0, names: [name], ...changes } as const;
  appendFileSync(join(directory, day, 'record.jsonl'), noteLine(note));
}

describe('kept frames', () => {
  it('stay, until they are no longer kept', async () => {
    const { directory, parts, names, nowMs } = await filled();
    const [first = '', second = ''] = names;
    keep(directory, first);
    await sweep(parts(old, nowMs), wish);
    expect([first, second].map((name) => isThere(directory, name))).toEqual([true, false]);
    keep(directory, first, { kind: 'unkept' });
    await sweep(parts(old, nowMs), wish);
    expect(isThere(directory, first)).toBe(false);
  });

  it('an event stays that is kept on the day before too', async () => {
    const { directory, parts } = await makeStore();
    const midnightMs = firstMs + dayMs / 2;
    const names = plantAll(
      directory,
      [-1, 1].map((side) => frameAt(midnightMs + side * 60_000, { event: 'night' })),
    );
    keep(directory, names[0] ?? '', { names: undefined, event: 'night' });
    await sweep(parts(old, firstMs + 9 * dayMs), wish);
    expect(names.map((name) => isThere(directory, name))).toEqual([true, true]);
  });

  it('the last line about a frame counts, by its name or its event', async () => {
    const { directory, parts } = await makeStore();
    const names = plantAll(
      directory,
      [0, 1].map((minute) => frameAt(firstMs + minute * 60_000, { event: 'e' })),
    );
    keep(directory, names[0] ?? '', { names: undefined, event: 'e' });
    keep(directory, names[0] ?? '', { kind: 'unkept' });
    await sweep(parts(old, firstMs + 9 * dayMs), wish);
    expect(names.map((name) => isThere(directory, name))).toEqual([false, true]);
  });
});

describe('what is not proven to be the store’s own', () => {
  it('stays: links, files of another size, folders, names without a line, and what they lead to', async () => {
    const { directory, parts, names, nowMs } = await filled();
    const outside = join(temporaryDirectory(), 'outside.jpg');
    const [link = '', short = '', folder = ''] = names.map((name) => join(directory, name));
    writeFileSync(outside, readFileSync(link));
    unlinkSync(link);
    symlinkSync(outside, link);
    truncateSync(short, 10);
    unlinkSync(folder);
    mkdirSync(folder);
    const day = join(directory, 'yard/2026_11_01');
    const unrecorded = ['holiday.jpg', '2026_11_01_12_00_09_000+0000.jpg', 'notes.txt'];
    for (const name of unrecorded) writeFileSync(join(day, name), 'x');
    const before = readdirSync(day).sort();
    const { frames, left } = await sweep(parts(old, nowMs), wish);
    expect(frames).toBe(3);
    expect(readdirSync(day).sort()).toEqual(before);
    expect(readFileSync(outside).length).toBeGreaterThan(100);
    expect(left.join('\n')).toMatch(/is a symbolic link: it stays/);
    expect(left.join('\n')).toMatch(/is a file of 10 bytes instead of \d+: it stays/);
    expect(left.join('\n')).toMatch(/is not a regular file: it stays/);
  });

  it('a folder that is a link is not entered', async () => {
    const { directory, parts, names, nowMs } = await filled();
    const moved = join(temporaryDirectory(), 'moved');
    renameSync(join(directory, 'yard'), moved);
    symlinkSync(moved, join(directory, 'yard'));
    expect(await sweep(parts(old, nowMs), wish)).toMatchObject({ frames: 0 });
    expect(isThere(moved, (names[0] ?? '').slice('yard/'.length))).toBe(true);
  });

  it('a record of another camera deletes nothing', async () => {
    const { directory, parts, names, nowMs } = await filled();
    renameSync(join(directory, 'yard'), join(directory, 'door'));
    expect(await sweep(parts(old, nowMs), wish)).toMatchObject({ frames: 0 });
    expect(isThere(directory, (names[0] ?? '').replace('yard', 'door'))).toBe(true);
  });

  it('a name that a line has, and no receiver gives, is not touched', async () => {
    const { directory, parts, nowMs } = await makeStore().then((given) => ({
      ...given,
      nowMs: firstMs + 9 * dayMs,
    }));
    const [name = ''] = plantAll(directory, [frameAt(firstMs)]);
    const record = join(directory, 'yard/2026_11_01/record.jsonl');
    const line = readFileSync(record, 'utf8');
    writeFileSync(record, line.replace(/\}\n$/, ',"name":"holiday.jpg"}\n'));
    linkSync(join(directory, name), join(directory, 'yard/2026_11_01/holiday.jpg'));
    expect(await sweep(parts(old, nowMs), wish)).toMatchObject({ frames: 0 });
    expect(isThere(directory, 'yard/2026_11_01/holiday.jpg')).toBe(true);
  });

  it('a directory without the marker is refused', async () => {
    const { directory, parts, names, nowMs } = await filled();
    unlinkSync(join(directory, '.picchanged.json'));
    await expect(sweep(parts(old, nowMs), wish)).rejects.toThrow(/unmounted or replaced/);
    expect(isThere(directory, names[0] ?? '')).toBe(true);
  });
});

describe('one sweep at a time', () => {
  it('another process that sweeps is waited for, or left alone', async () => {
    const { root, parts, nowMs } = await filled();
    const lock = await SweepLock.take(root, 0);
    expect(await sweep(parts(old, nowMs), wish)).toMatchObject({ outcome: 'held', frames: 0 });
    await lock?.release();
    expect(await sweep(parts(old, nowMs), wish)).toMatchObject({ outcome: 'done', frames: 6 });
  });

  it('finishes the day of a sweep that was killed after its line', async () => {
    const { directory, root, parts, names, nowMs } = await filled();
    const lock = await SweepLock.take(root, 0);
    await lock?.begin('yard/2026_11_01');
    await lock?.release();
    const base = names.slice(0, 3).map((name) => name.slice('yard/2026_11_01/'.length));
    const note = { kind: 'deleted', camera: 'yard', atMs: 0, why: 'max-age', names: base } as const;
    const record = join(directory, 'yard/2026_11_01/record.jsonl');
    appendFileSync(record, noteLine({ ...note, byteCount: 1 }));
    expect(await sweep(parts({}, nowMs), wish)).toMatchObject({ outcome: 'done', frames: 0 });
    expect(names.filter((name) => isThere(directory, name))).toEqual(names.slice(3));
    expect(linesOf(directory, 'yard/2026_11_01', 'summary')).toMatchObject([{ frames: 3 }]);
  });

  it('asks before it deletes, and a dry run deletes nothing', async () => {
    const { parts, names, nowMs, directory } = await filled();
    const asked: number[] = [];
    const mayDelete: SweepWish['mayDelete'] = (plan, all) => {
      asked.push(plan.frameCount, all);
      return false;
    };
    expect(await sweep(parts(old, nowMs), { ...wish, mayDelete })).toMatchObject({
      outcome: 'refused',
    });
    expect(asked).toEqual([6, 12]);
    expect((await dryRun(parts(old, nowMs))).plan.frameCount).toBe(6);
    expect(names.every((name) => isThere(directory, name))).toBe(true);
  });
});
