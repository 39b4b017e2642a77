/**
 * After a failed flush the system may count bytes in memory as written. So frames acknowledged afterwards were
 * written again, and flushed after that.
 */
import fs, { readFileSync, readdirSync } from 'node:fs';
import { type FileHandle, constants, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkClosedMark, directoryMark } from '../../../receiver/store/closed-mark.js';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, frameOf, gapOf, nameOf } from './given.js';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

type Call = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Logs changes of a folder's names and of records, and makes flushes fail.
 * @param isToFail gets what is flushed
 */
async function watch(isToFail: (what: string) => boolean): Promise<string[]> {
  const done: string[] = [];
  const note = (target: object, method: string, say: (self: never, args: unknown[]) => string) => {
    const real = Reflect.get(target, method) as Call;
    vi.spyOn(target as Folder, method as 'sync').mockImplementation(function (
      this: Folder,
      ...args: unknown[]
    ) {
      const what = say(this as never, args);
      if (method === 'sync' && isToFail(what)) {
        done.push(`${what} failed`);
        throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
      }
      const result = real.apply(this, args);
      done.push(what);
      return result as never;
    });
  };
  const names = (verb: string) => (self: Folder, args: unknown[]) =>
    `${verb} ${(args.at(-1) as string | undefined) ?? self.path}`;
  note(Folder.prototype, 'link', names('link'));
  note(Folder.prototype, 'rename', names('rename'));
  note(Folder.prototype, 'makeFolder', (_: Folder, [name]) => `make ${String(name)}`);
  note(Folder.prototype, 'sync', (self: Folder) => `flush ${self.path}`);
  const file = await open(import.meta.filename, constants.O_RDONLY);
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  note(prototype, 'sync', () => 'flush a file');
  const { fsync, writeSync } = fs;
  vi.spyOn(fs, 'fsync').mockImplementation((fd, callback) => {
    const hasFailed = isToFail('flush a file');
    done.push(`flush a file${hasFailed ? ' failed' : ''}`);
    if (hasFailed) callback(Object.assign(new Error('EIO: injected'), { code: 'EIO' }));
    else fsync(fd, callback);
  });
  vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, bytes: Buffer, at: number) => {
    if (bytes.toString().trimStart().startsWith('{')) done.push(`append ${bytes.toString()}`);
    return writeSync(fd, bytes, at);
  }) as typeof writeSync);
  syncBuiltinESMExports();
  return done;
}

/** The log entries after the last failure. */
const since = (done: readonly string[]): string[] =>
  done.slice(done.findLastIndex((each) => each.endsWith('failed')) + 1);

async function openStore() {
  const directory = temporaryDirectory();
  const store = await openFrameStore(directory, Date.now());
  await store.put(frameOf(1));
  return { directory, store };
}

describe('after a flush that failed', () => {
  it('of a day, the name of a frame is made anew', async () => {
    const { directory, store } = await openStore();
    let failures = 1;
    const done = await watch((what) => what === `flush ${join(directory, day)}` && failures-- > 0);
    await expect(store.put(frameOf(2))).rejects.toMatchObject({ code: 'STORE' });
    expect(await store.put(frameOf(2))).toEqual({ name: nameOf(2), duplicate: true });
    const name = nameOf(2).slice(day.length + 1);
    const after = since(done).filter((each) => !/append|a file/.test(each));
    expect(after).toEqual([`rename ${name}`, `flush ${join(directory, day)}`]);
  });

  it('of a day, no frame that waited for the same flush is acknowledged', async () => {
    const { directory, store } = await openStore();
    let failures = 1;
    const done = await watch((what) => what === `flush ${join(directory, day)}` && failures-- > 0);
    const frames = Array.from({ length: 6 }, (_, index) => frameOf(index + 2));
    await Promise.allSettled(frames.map((each) => store.put(each)));
    for (const each of frames) await store.put(each);
    const after = since(done).filter((each) => /^(rename|link)/.test(each));
    expect(after.length).toBeGreaterThan(0);
    expect(readdirSync(join(directory, day))).toHaveLength(8);
  });

  it('of a record, the line of a gap is appended again', async () => {
    const { directory, store } = await openStore();
    let failures = 3;
    const done = await watch((what) => what === 'flush a file' && failures-- > 0);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(store.recordGap(gapOf(2))).rejects.toMatchObject({ code: 'STORE' });
    }
    expect(await store.recordGap(gapOf(2))).toMatchObject({ duplicate: true });
    const after = since(done).filter((each) => /append|a file/.test(each));
    expect(after[0]).toMatch(/^append .*"gap":1,.*"sequence":2,/s);
    expect(after[1]).toBe('flush a file');
    // The line of the frame before it was not flushed either.
    expect(after[0]).toContain('"sequence":1,');
    const lines = readFileSync(join(directory, day, 'record.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(new Set(lines).size).toBe(2);
    expect(await store.recordGap(gapOf(2))).toMatchObject({ duplicate: true });
  });

  it('of a day, the line of a gap is acknowledged after a change of the day', async () => {
    const { directory, store } = await openStore();
    let failures = 1;
    const done = await watch((what) => what === `flush ${join(directory, day)}` && failures-- > 0);
    const created = vi.spyOn(Folder.prototype, 'writeNew');
    await expect(store.recordGap(gapOf(2))).rejects.toMatchObject({ code: 'STORE' });
    expect(created).not.toHaveBeenCalled();
    expect(await store.recordGap(gapOf(2))).toMatchObject({ duplicate: true });
    expect(created).toHaveBeenCalledTimes(1);
    expect(since(done).at(-1)).toBe(`flush ${join(directory, day)}`);
  });

  it('of a camera, the folder of the day is made anew', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    let failures = 1;
    const yard = join(directory, 'yard');
    const done = await watch((what) => what === `flush ${yard}` && failures-- > 0);
    await expect(store.put(frameOf(1))).rejects.toMatchObject({ code: 'STORE' });
    await store.put(frameOf(1));
    expect(since(done).filter((each) => /^make|yard$/.test(each))).toContainEqual(
      expect.stringMatching(/^make (2026_11_22|\.incoming)$/),
    );
  });

  it('of the captures directory, its marker and its closed mark are made anew', async () => {
    const directory = temporaryDirectory();
    let failures = 1;
    await watch((what) => what === `flush ${directory}` && failures-- > 0);
    await expect(openFrameStore(directory, Date.now())).rejects.toMatchObject({ code: 'STORE' });
    expect(readdirSync(directory)).toEqual([]);
    failures = 1;
    await expect(checkClosedMark(directoryMark(directory), true, '/keys')).rejects.toMatchObject({
      code: 'STORE',
    });
    expect(readdirSync(directory)).toEqual([]);
    await openFrameStore(directory, Date.now());
    await checkClosedMark(directoryMark(directory), true, '/keys');
    expect(readdirSync(directory).sort()).toEqual(['.picchanged-closed', '.picchanged.json']);
  });

  it('of the frame itself, no file of it remains', async () => {
    const { directory, store } = await openStore();
    let failures = 1;
    await watch((what) => what === 'flush a file' && failures-- > 0);
    await expect(store.put(frameOf(2))).rejects.toMatchObject({ code: 'STORE' });
    expect(readdirSync(join(directory, 'yard/.incoming'))).toEqual([]);
    expect(await store.put(frameOf(2))).toEqual({ name: nameOf(2), duplicate: false });
  });
});
