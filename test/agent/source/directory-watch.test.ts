/** What the watch of a directory tells when the watcher below it is deaf, or fails. */
import { EventEmitter } from 'node:events';
import { statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  DirectoryWatch,
  checkMs,
  retryMs,
  tellAllMs,
} from '../../../agent/source/directory-watch.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** Watchers that are ready, and tell what a test has them tell; the newest last. */
const watchers: EventEmitter[] = [];
vi.mock('chokidar', () => ({
  watch: () => {
    const watcher = Object.assign(new EventEmitter(), { close: () => Promise.resolve() });
    watchers.push(watcher);
    setImmediate(() => watcher.emit('ready'));
    return watcher;
  },
}));
beforeEach(() => void watchers.splice(0));

/** A watch of a directory in which `old.jpg` was before; `check` lets the time to the next one pass. */
async function openWatch() {
  const directory = temporaryDirectory();
  const file = (name: string): string => join(directory, name);
  writeFileSync(file('old.jpg'), '');
  const clock = new FakeClock();
  const told: string[] = [];
  const watch = await DirectoryWatch.open({
    directory,
    clock,
    wants: (name) => name.endsWith('.jpg'),
    onName: (name) => told.push(name),
    followsLinks: false,
  });
  onTestFinished(() => watch.close());
  const check = async (afterMs = checkMs): Promise<string[]> => {
    await clock.advance(afterMs);
    await watch.check();
    return told.splice(0).sort();
  };
  return { directory, file, watch, clock, told, check };
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code, path });
}

describe('a watch', () => {
  it('tells within a second what its watcher missed, once', async () => {
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

  it('tells a file that came within the same tick of the clock as the last look', async () => {
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

  it('tells a name again that came back before it was seen to be gone', async () => {
    const { directory, file, check, told } = await openWatch();
    await check();
    const { atime, mtime } = statSync(directory);
    utimesSync(directory, atime, mtime);
    await check();
    unlinkSync(file('old.jpg'));
    watchers[0]?.emit('unlink', file('old.jpg'));
    expect(told.splice(0)).toEqual(['old.jpg']);
    writeFileSync(file('old.jpg'), '');
    utimesSync(directory, atime, mtime);
    expect(await check()).toEqual(['old.jpg']);
  });

  it('tells every name now and then, also one that is gone', async () => {
    const { file, check } = await openWatch();
    writeFileSync(file('a.jpg'), '');
    await check();
    unlinkSync(file('old.jpg'));
    expect(await check(tellAllMs)).toEqual(['a.jpg', 'old.jpg']);
    expect(await check()).toEqual([]);
  });

  it('goes on when one file cannot be watched, and reports it once', async () => {
    const { file, watch, clock, check } = await openWatch();
    const report = async (): Promise<unknown> => {
      for (const name of ['bad.jpg', 'worse.jpg']) {
        watchers[0]?.emit('error', systemError('ELOOP', file(name)));
      }
      await clock.advance(checkMs);
      return watch.check().catch((error: unknown) => error);
    };
    const because = { code: 'FRAME', cause: expect.any(Error) as Error };
    expect(await report()).toMatchObject({
      ...because,
      message: `cannot watch ${file('bad.jpg')}`,
    });
    expect(await report()).toMatchObject({
      ...because,
      message: `cannot watch ${file('worse.jpg')}`,
    });
    expect(await report()).toBe(false);
    expect(watchers).toHaveLength(1);
    writeFileSync(file('a.jpg'), '');
    watchers[0]?.emit('add', file('a.jpg'));
    expect(await check()).toContain('a.jpg');
  });

  it.each(['ENOSPC', 'EIO'])(
    'tells every name each second while the watcher has failed by %s, and starts it again',
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
