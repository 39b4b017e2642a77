/** Names that the directory watch reports when inotify misses events or fails. */
import { EventEmitter } from 'node:events';
import { statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  DirectoryWatch,
  checkMs,
  retryMs,
  rescanMs,
} from '../../../agent/source/directory-watch.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** Fake watchers: events are emitted by the tests; the newest last. */
const watchers: EventEmitter[] = [];
vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  watch: () => {
    const watcher = Object.assign(new EventEmitter(), { close: () => undefined });
    watchers.push(watcher);
    return watcher;
  },
}));
beforeEach(() => void watchers.splice(0));

/** A watch of a directory that contains `old.jpg`; `check` first advances the clock to the next check. */
async function openWatch() {
  const directory = temporaryDirectory();
  const file = (name: string): string => join(directory, name);
  writeFileSync(file('old.jpg'), '');
  const clock = new FakeClock();
  const reported: string[] = [];
  const watch = await DirectoryWatch.open({
    directory,
    clock,
    wants: (name) => name.endsWith('.jpg'),
    onName: (name) => reported.push(name),
  });
  onTestFinished(() => watch.close());
  const check = async (afterMs = checkMs): Promise<string[]> => {
    await clock.advance(afterMs);
    await watch.check();
    return reported.splice(0).sort();
  };
  return { directory, file, watch, clock, reported, check };
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code, path });
}

describe('directory watch', () => {
  it('reports within a second what its watcher missed, once', async () => {
    const { file, check } = await openWatch();
    expect(await check()).toEqual([]);
    for (const name of ['a.jpg', 'b.jpg', 'c.txt']) writeFileSync(file(name), '');
    expect(await check()).toEqual(['a.jpg', 'b.jpg']);
    expect(await check()).toEqual([]);
    unlinkSync(file('a.jpg'));
    expect(await check()).toEqual([]);
    writeFileSync(file('a.jpg'), '');
    expect(await check()).toEqual(['a.jpg']);
  });

  it('reports a file that was created within the time resolution of the last comparison', async () => {
    const { directory, file, check } = await openWatch();
    writeFileSync(file('a.jpg'), '');
    expect(await check()).toEqual(['a.jpg']);
    const { atime, mtime } = statSync(directory);
    utimesSync(directory, atime, mtime);
    await check();
    writeFileSync(file('b.jpg'), '');
    utimesSync(directory, atime, mtime);
    expect(await check()).toEqual(['b.jpg']);
  });

  it('reports a name again that was removed and created between two comparisons', async () => {
    const { directory, file, check, reported } = await openWatch();
    await check();
    const { atime, mtime } = statSync(directory);
    utimesSync(directory, atime, mtime);
    await check();
    unlinkSync(file('old.jpg'));
    watchers[0]?.emit('change', 'rename', 'old.jpg');
    expect(reported.splice(0)).toEqual(['old.jpg']);
    writeFileSync(file('old.jpg'), '');
    utimesSync(directory, atime, mtime);
    expect(await check()).toEqual(['old.jpg']);
  });

  it('reports all names at each rescan, also a removed one', async () => {
    const { file, check } = await openWatch();
    writeFileSync(file('a.jpg'), '');
    await check();
    unlinkSync(file('old.jpg'));
    expect(await check(rescanMs)).toEqual(['a.jpg', 'old.jpg']);
    expect(await check()).toEqual([]);
  });

  it('rescans a large directory less often', async () => {
    const { file, check } = await openWatch();
    for (let n = 0; n < 1999; n += 1) writeFileSync(file(`${n}.jpg`), '');
    expect(await check(rescanMs)).toHaveLength(2000);
    expect(await check(rescanMs)).toEqual([]);
    expect(await check(rescanMs)).toHaveLength(2000);
  });

  it.each(['ENOSPC', 'EIO'])(
    'reports all names each second while the watcher has failed with %s, and restarts it',
    async (code) => {
      const { directory, file, watch, clock, check } = await openWatch();
      const path = code === 'EIO' ? directory : file('a.jpg');
      watchers[0]?.emit('error', systemError(code, path));
      await clock.advance(checkMs);
      await expect(watch.check()).rejects.toMatchObject({
        code: 'CAMERA',
        message: `cannot watch the directory ${directory}`,
      });
      writeFileSync(file('short.jpg'), '');
      expect(await check()).toContain('short.jpg');
      unlinkSync(file('short.jpg'));
      writeFileSync(file('next.jpg'), '');
      expect(await check()).toContain('next.jpg');
      expect(watchers).toHaveLength(1);
      await check(retryMs);
      expect(watchers).toHaveLength(2);
    },
  );
});
