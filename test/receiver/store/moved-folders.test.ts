/**
 * Folders that are moved away or replaced while frames are stored, also exactly between the write of a frame and
 * its acknowledgement: every acknowledged frame is in its place.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, frameOf, gapOf, nameOf } from './given.js';

afterEach(() => void vi.restoreAllMocks());

const realSync = () => Reflect.get(Folder.prototype, 'sync');

/** Runs `act` once, right after the first flush of the frame's folder. */
function afterFlush(act: () => void): void {
  const real = realSync();
  let isDone = false;
  vi.spyOn(Folder.prototype, 'sync').mockImplementation(async function (this: Folder) {
    await real.call(this);
    if (isDone || !this.path.endsWith(day)) return;
    isDone = true;
    act();
  });
}

async function openStore() {
  const directory = join(temporaryDirectory(), 'captures');
  const store = await openFrameStore(directory, Date.now());
  return { directory, store, away: `${directory}-away`, outside: temporaryDirectory() };
}

/** Replacements for a folder that was moved to `away`. */
const replacements: Record<string, (path: string, away: string, outside: string) => void> = {
  nothing: () => undefined,
  'an empty folder': (path) => mkdirSync(path),
  'a copy of itself': (path, away) => cpSync(away, path, { recursive: true }),
};

describe.each([
  { what: 'the day', path: day },
  { what: 'the camera', path: 'yard' },
])('when the folder of $what', ({ path }) => {
  it.each(Object.keys(replacements))(
    'is replaced by %s before the acknowledgement, the frame is in the new one',
    async (by) => {
      const { directory, store, away, outside } = await openStore();
      afterFlush(() => {
        renameSync(join(directory, path), away);
        replacements[by]?.(join(directory, path), away, outside);
      });
      const { name } = await store.put(frameOf(1));
      expect(readFileSync(join(directory, name))).toEqual(frameOf(1).jpeg);
      expect(existsSync(away)).toBe(true);
      // The handles of the moved folder are not used any more.
      expect(await store.put(frameOf(2))).toEqual({ name: nameOf(2), duplicate: false });
      expect(existsSync(join(directory, nameOf(2)))).toBe(true);
    },
  );

  it('is replaced by a link before the acknowledgement, the frame is refused', async () => {
    const { directory, store, away, outside } = await openStore();
    afterFlush(() => {
      renameSync(join(directory, path), away);
      symlinkSync(outside, join(directory, path));
    });
    const refusal = {
      code: 'STORE',
      message: `${join(directory, path)} is a symbolic link`,
    };
    await expect(store.put(frameOf(1))).rejects.toMatchObject(refusal);
    expect(filesBelow(outside, { hidden: true })).toEqual([]);
    rmSync(join(directory, path));
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
  });

  it('is replaced between two frames and two gaps, the repeats are in the new one', async () => {
    const { directory, store, away } = await openStore();
    await store.put(frameOf(1));
    await store.recordGap(gapOf(2));
    renameSync(join(directory, path), away);
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
    expect(await store.recordGap(gapOf(2))).toMatchObject({ duplicate: false });
    const record = readFileSync(join(directory, day, 'record.jsonl'), 'utf8');
    expect(record.trim().split('\n')).toHaveLength(2);
  });

  it('is replaced repeatedly, the frame is refused', async () => {
    const { directory, store, away } = await openStore();
    const real = realSync();
    let moved = 0;
    vi.spyOn(Folder.prototype, 'sync').mockImplementation(async function (this: Folder) {
      await real.call(this);
      if (!this.path.endsWith(day)) return;
      moved += 1;
      renameSync(join(directory, path), `${away}-${moved}`);
    });
    const refusal = {
      code: 'STORE',
      message: expect.stringContaining('was moved or replaced') as string,
    };
    await expect(store.put(frameOf(1))).rejects.toMatchObject(refusal);
  });
});

describe('when the captures directory', () => {
  const markers: Record<string, string | undefined> = {
    'without a marker': undefined,
    'with the marker of another': JSON.stringify({ id: '0'.repeat(32) }),
  };
  it.each(Object.keys(markers))(
    'is replaced by one %s before the acknowledgement, nothing is acknowledged or made there',
    async (which) => {
      const { directory, store, away } = await openStore();
      const marker = markers[which];
      afterFlush(() => {
        renameSync(directory, away);
        mkdirSync(directory);
        if (marker !== undefined) writeFileSync(join(directory, '.picchanged.json'), marker);
      });
      const refusal = {
        code: 'STORE',
        message: expect.stringContaining('unmounted or replaced') as string,
      };
      await expect(store.put(frameOf(1))).rejects.toMatchObject(refusal);
      await expect(store.recordGap(gapOf(2))).rejects.toMatchObject(refusal);
      expect(filesBelow(directory)).toEqual([]);
      rmSync(directory, { recursive: true });
      renameSync(away, directory);
      const { name } = await store.put(frameOf(1));
      expect(readFileSync(join(directory, name))).toEqual(frameOf(1).jpeg);
    },
  );

  it('is replaced by one with its marker, the frame is in the new one', async () => {
    const { directory, store, away } = await openStore();
    afterFlush(() => {
      renameSync(directory, away);
      mkdirSync(directory);
      cpSync(join(away, '.picchanged.json'), join(directory, '.picchanged.json'));
    });
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: false });
    expect(filesBelow(directory)).toEqual([nameOf(1)]);
  });

  it('is moved away before the acknowledgement, the frame is refused', async () => {
    const { directory, store, away } = await openStore();
    afterFlush(() => renameSync(directory, away));
    await expect(store.put(frameOf(1))).rejects.toMatchObject({ code: 'STORE' });
    expect(existsSync(directory)).toBe(false);
  });

  it('is a link that is changed, the frame is in its new target', async () => {
    const { directory, store, away } = await openStore();
    renameSync(directory, away);
    symlinkSync(away, directory);
    const other = temporaryDirectory();
    cpSync(join(away, '.picchanged.json'), join(other, '.picchanged.json'));
    afterFlush(() => {
      rmSync(directory);
      symlinkSync(other, directory);
    });
    expect(await store.put(frameOf(1))).toMatchObject({ name: nameOf(1) });
    expect(filesBelow(other)).toEqual([nameOf(1)]);
  });
});
