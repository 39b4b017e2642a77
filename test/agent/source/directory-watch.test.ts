/** What the watch of a directory tells when the watcher below it is deaf. */
import { EventEmitter } from 'node:events';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { DirectoryWatch, checkMs } from '../../../agent/source/directory-watch.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** A watcher that is ready and never tells anything. */
vi.mock('chokidar', () => ({
  watch: () => {
    const watcher = Object.assign(new EventEmitter(), { close: () => Promise.resolve() });
    setImmediate(() => watcher.emit('ready'));
    return watcher;
  },
}));

it('tells within a second what its watcher missed, once', async () => {
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
  });
  onTestFinished(() => watch.close());
  const check = async (): Promise<string[]> => {
    await clock.advance(checkMs);
    expect(await watch.check()).toBe(false);
    return told.splice(0).sort();
  };
  expect(await check()).toEqual([]);
  for (const name of ['a.jpg', 'b.jpg', 'c.txt']) writeFileSync(file(name), '');
  expect(await check()).toEqual(['a.jpg', 'b.jpg']);
  expect(await check()).toEqual([]);
  unlinkSync(file('a.jpg'));
  expect(await check()).toEqual([]);
  writeFileSync(file('a.jpg'), '');
  expect(await check()).toEqual(['a.jpg']);
});
