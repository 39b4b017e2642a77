/** The order of a folder's frames when the watcher reports files late, in another order, or not at all. */
import { EventEmitter } from 'node:events';
import { utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openFolder } from '../../../agent/source/folder.js';
import { systemClock } from '../../../shared/clock.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, next } from '../../support/written-frames.js';

/** Fake watcher of the last opened folder; events are emitted by the tests. */
let watcher = new EventEmitter();
vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  watch: () => (watcher = Object.assign(new EventEmitter(), { close: () => undefined })),
}));

async function openIn(directory: string) {
  const settings = { directory, clock: systemClock, maxFrameBytes: 1_000_000 };
  return closing(openFolder(settings));
}

function report(path: string | undefined): void {
  watcher.emit('change', 'rename', basename(path ?? ''));
}

/** Writes a file with a modification time in seconds. */
function put(path: string, second: number): void {
  writeFileSync(path, makeJpeg(second));
  utimesSync(path, 1_700_000_000 + second, 1_700_000_000 + second);
}

describe('folder source: order of frames', () => {
  it('is that of the modification times, for any order of events', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    const paths = [1, 2, 3, 4, 5].map((second) => join(directory, `${second}.jpg`));
    for (const [index, path] of paths.entries()) put(path, index);
    for (const path of paths.toReversed()) report(path);
    for (const path of paths) expect((await next(source)).origin).toBe(path);
  });

  it('is that of the modification times when only the newest file is reported', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    const paths = [1, 2, 3].map((second) => join(directory, `${second}.jpg`));
    for (const [index, path] of paths.entries()) put(path, index);
    report(paths[2]);
    for (const path of paths) expect((await next(source)).origin).toBe(path);
  });

  it('does not let a file wait for an older incomplete one', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    const [half, whole] = [join(directory, 'half.jpg'), join(directory, 'whole.jpg')];
    put(half, 1);
    writeFileSync(half, makeJpeg(1).subarray(0, 300));
    utimesSync(half, 1_700_000_000, 1_700_000_000);
    put(whole, 2);
    for (const path of [whole, half]) report(path);
    expect((await next(source)).origin).toBe(whole);
    put(half, 1);
    report(half);
    expect((await next(source)).origin).toBe(half);
  });

  it('takes a change of a known file that the watcher did not report', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.jpg');
    put(path, 1);
    let leapMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + leapMs };
    const settings = { directory, clock, maxFrameBytes: 1_000_000 };
    const source = await closing(openFolder(settings));
    put(path, 2);
    leapMs = 60_000;
    const frame = await next(source);
    expect(basename(frame.origin)).toBe('a.jpg');
    expect(frame.jpeg.equals(makeJpeg(2))).toBe(true);
  });
});
