/** A file system without hard links: names are reserved without an empty file, and those of 0.1 are replaced. */
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { surveyCaptures } from '../../../receiver/store/captures-survey.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, frameOf, nameOf, receivedAtMs } from './given.js';

beforeEach(() => {
  const lstat = Reflect.get(Folder.prototype, 'lstat') as (this: Folder, name: string) => unknown;
  vi.spyOn(Folder.prototype, 'link').mockImplementation((_, to, name) => {
    const code = lstat.call(to, name) === undefined ? 'EPERM' : 'EEXIST';
    throw Object.assign(new Error(`${code}: injected`), { code });
  });
});
afterEach(() => void vi.restoreAllMocks());

/** Leaves an empty file under a final name; `clock` determines its age. */
function leaveEmpty(directory: string, name: string, clock: () => number): void {
  writeFileSync(join(directory, name), '');
  utimesSync(join(directory, name), 0, 0);
  vi.spyOn(Date, 'now').mockImplementation(clock);
}

describe('without hard links', () => {
  it('frames are stored and recognized, and no frame replaces another', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const equal = Array.from({ length: 10 }, (_, index) =>
      frameOf(1, { jpeg: frameOf(index).jpeg, id: undefined }),
    );
    await Promise.all(equal.map((each) => store.put(each)));
    expect(filesBelow(directory)).toHaveLength(10);
    expect(await store.put(frameOf(11))).toEqual({ name: nameOf(11), duplicate: false });
    expect(await store.put(frameOf(11))).toEqual({ name: nameOf(11), duplicate: true });
    expect(readdirSync(join(directory, 'yard/.incoming'))).toEqual([]);
  });

  it('a process killed after reserving a name leaves no empty frame', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(frameOf(1));
    const rename = vi.spyOn(Folder.prototype, 'rename');
    const removals = vi.spyOn(Folder.prototype, 'removeIfThere').mockReturnValue(undefined);
    rename.mockImplementationOnce(() => {
      throw Object.assign(new Error('killed'), { code: 'EIO' });
    });
    await expect(store.put(frameOf(2))).rejects.toMatchObject({ code: 'STORE' });
    removals.mockRestore();
    expect(filesBelow(directory)).toEqual([nameOf(1)]);
    const left = readdirSync(join(directory, 'yard/.incoming'));
    expect(left).toHaveLength(2);
    const after = await openFrameStore(directory, Date.now() + 3_600_000);
    expect(readdirSync(join(directory, 'yard/.incoming'))).toEqual([]);
    expect(await after.put(frameOf(2))).toEqual({ name: nameOf(2), duplicate: false });
  });

  it('an empty file of version 0.1 is replaced after a minute, and not counted as a frame', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(frameOf(1));
    const [realMs, before] = [Date.now(), receivedAtMs];
    leaveEmpty(directory, nameOf(2), () => realMs + 30_000);
    const [survey] = await surveyCaptures(directory, before, 0);
    expect(survey).toMatchObject({ todayFrames: 1, todayBytes: frameOf(1).jpeg.length });
    // A living process of 0.1 may still fill it.
    expect(await store.put(frameOf(2))).toMatchObject({ name: nameOf(2, 2) });
    vi.spyOn(Date, 'now').mockImplementation(() => realMs + 3_600_000);
    const third = frameOf(2, { jpeg: frameOf(3).jpeg, id: { epoch: 'f'.repeat(32), sequence: 9 } });
    const after = await openFrameStore(directory, realMs);
    expect(await after.put(third)).toEqual({ name: nameOf(2), duplicate: false });
    expect(readFileSync(join(directory, nameOf(2)))).toEqual(third.jpeg);
    expect(dirname(nameOf(2))).toBe(day);
  });
});
