/** Watched files while the disk does not answer: what was taken is not taken again, and what is new is not passed over. */
import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type FolderSettings, openFolder } from '../../../agent/source/folder.js';
import { PendingFile, statVersion, versionOf } from '../../../agent/source/pending-file.js';
import { StateDirectory } from '../../../agent/service/state.js';
import { TakenFiles } from '../../../agent/source/taken-files.js';
import { systemClock } from '../../../shared/clock.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, failureOf, frameOf, next } from '../../support/written-frames.js';

/** Which calls fail, with which error. */
const failing = { stat: false, lstat: false, code: 'EIO' };
/** Calls of lstat that have failed. */
let failures = 0;
vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof Files>();
  const error = () => Object.assign(new Error(failing.code), { code: failing.code });
  const stat = (path: string) => (failing.stat ? Promise.reject(error()) : files.stat(path));
  const lstat = (path: string) => {
    if (!failing.lstat) return files.lstat(path);
    failures += 1;
    return Promise.reject(error());
  };
  return { ...files, stat, lstat };
});

beforeEach(() => Object.assign(failing, { stat: false, lstat: false, code: 'EIO' }));

function openIn(directory: string, settings: Partial<FolderSettings> = {}) {
  const clock = systemClock;
  return closing(openFolder({ directory, clock, maxFrameBytes: 1_000_000, ...settings }));
}

describe('a watched folder', () => {
  it.each(['.', '2026', '2026/11'])(
    'takes no file again after its disk did not answer: %s',
    async (folder) => {
      const directory = temporaryDirectory();
      mkdirSync(join(directory, folder), { recursive: true });
      let isWatching = true;
      const observer = { polled: (_: boolean, now: boolean) => void (isWatching = now) };
      const source = await openIn(directory, { isRecursive: true, observer });
      const path = (name: string) => join(directory, folder, name);
      writeFileSync(path('a.jpg'), makeJpeg(1));
      await next(source);
      // The watch begins anew, and reports all names: twice, and the disk fails in between.
      failing.stat = true;
      expect(await failureOf(source)).toContain(directory);
      const waiting = frameOf(source);
      [failing.stat, failing.lstat, failures] = [false, true, 0];
      await vi.waitUntil(() => failures > 4, { timeout: 30_000 });
      failing.stat = true;
      await vi.waitUntil(() => !isWatching, { timeout: 30_000 });
      [failing.stat, failing.lstat] = [false, false];
      await vi.waitUntil(() => isWatching, { timeout: 30_000 });
      writeFileSync(path('b.jpg'), makeJpeg(2));
      expect((await waiting).origin).toBe(path('b.jpg'));
    },
  );

  it('takes a new file once the disk answers', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    [failing.lstat, failures] = [true, 0];
    writeFileSync(join(directory, 'a.jpg'), makeJpeg(1));
    const waiting = next(source);
    await vi.waitUntil(() => failures > 3, { timeout: 30_000 });
    failing.lstat = false;
    expect((await waiting).origin).toBe(join(directory, 'a.jpg'));
  });

  it('says once which file it cannot examine, is not watched meanwhile, and takes others', async () => {
    const directory = temporaryDirectory();
    const present: boolean[] = [];
    const observer = { polled: (_: boolean, is: boolean) => void present.push(is) };
    const source = await openIn(directory, { stabilityTimeoutMs: 300, observer });
    failing.lstat = true;
    const path = join(directory, 'a.jpg');
    writeFileSync(path, makeJpeg(1));
    expect(await failureOf(source)).toContain(`${path} cannot be examined`);
    present.length = 0;
    await expect(source.next(AbortSignal.timeout(500))).rejects.toThrow('timeout');
    expect(new Set(present)).toEqual(new Set([false]));
    failing.lstat = false;
    expect((await next(source)).origin).toBe(path);
    await expect(source.next(AbortSignal.timeout(500))).rejects.toThrow('timeout');
    expect(present.at(-1)).toBe(true);
  });
});

describe('a pending file', () => {
  const rules = { maxFrameBytes: 1_000_000, followsLinks: false, stabilityTimeoutMs: 10_000 };

  it.each(['EIO', 'EACCES', 'ESTALE', 'ENOMEM'])('is not gone when %s hides it', async (code) => {
    const path = join(temporaryDirectory(), 'a.jpg');
    writeFileSync(path, makeJpeg(1));
    const file = new PendingFile(path, rules, 0);
    expect(await file.check(undefined, 1000)).toBe('wait');
    const { version } = file;
    Object.assign(failing, { lstat: true, code });
    for (const nowMs of [2000, 3000]) expect(await file.check(version?.id, nowMs)).toBe('wait');
    expect(file).toMatchObject({ isUnknown: true, version });
    failing.lstat = false;
    expect(await file.check(version?.id, 4000)).toBe('done');
    expect(file.version).toEqual(version);
    rmSync(path);
    await file.check(version?.id, 5000);
    expect(file).toMatchObject({ isUnknown: false, version: undefined });
  });
});

describe('a version of a file', () => {
  it('is the same on a disk that is mounted again under another number', () => {
    const path = join(temporaryDirectory(), 'a.jpg');
    writeFileSync(path, makeJpeg(1));
    const stats = lstatSync(path);
    const { id } = versionOf(stats);
    expect(versionOf(Object.assign(stats, { dev: stats.dev + 1 })).id).toBe(id);
  });
});

describe('taken files', () => {
  it('are remembered when the disk does not answer at the start', async () => {
    const path = join(temporaryDirectory(), 'a.jpg');
    writeFileSync(path, makeJpeg(1));
    const state = await StateDirectory.open(temporaryDirectory());
    const version = (await statVersion(path, false))?.id ?? '';
    const first = await TakenFiles.open(state);
    await first.add({ path, version, capturedAtMs: 1000, sha256: '0'.repeat(64) });
    await first.close();
    failing.lstat = true;
    const second = await TakenFiles.open(state);
    expect(second.has(path, version)).toBe(true);
    await second.close();
    rmSync(path);
    failing.lstat = false;
    expect((await TakenFiles.open(state)).has(path, version)).toBe(false);
  });
});
