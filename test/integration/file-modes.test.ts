/** File modes of the programs' files when a user runs them, under the usual umask and others. */
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { freePort } from '../support/ports.js';
import { type Running, root, start } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { emptyFrames, putFrame, visitedFrames } from '../support/visit.js';

/** Starts a program from a shell with the given umask. */
function startUnder(umask: string, program: 'agent' | 'receiver', args: string[]): Running {
  const line = `umask ${umask}; exec "$0" "$@"`;
  const env = { XDG_RUNTIME_DIR: temporaryDirectory() };
  return start('sh', ['-c', line, process.execPath, `${root}dist/${program}.js`, ...args], { env });
}

/** The distinct modes of all folders and all files below a folder. */
function modesFrom(folder: string): { folders: string[]; files: string[] } {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const [folders, files] = [new Set<string>(), new Set<string>()];
  for (const path of [folder, ...paths.map((each) => join(folder, each))]) {
    const stats = lstatSync(path);
    (stats.isDirectory() ? folders : files).add((stats.mode & 0o777).toString(8));
  }
  return { folders: [...folders], files: [...files].sort() };
}

it.each([
  ['the usual umask', '022', { folders: ['750'], files: ['640'] }],
  ['no umask', '000', { folders: ['750'], files: ['640'] }],
  ['a stricter umask', '077', { folders: ['700'], files: ['600'] }],
])('under %s others can read nothing that was made', async (_, umask, atReceiver) => {
  const captures = join(temporaryDirectory(), 'captures');
  const state = join(temporaryDirectory(), 'state');
  const frames = temporaryDirectory();
  const listen = `127.0.0.1:${await freePort()}`;
  const receiver = startUnder(umask, 'receiver', ['--dir', captures, '--listen', listen]);
  await receiver.says('keeping frames');
  const agent = startUnder(umask, 'agent', [
    ...['--host', listen, '--camera', 'yard', '--source', `folder:${frames}`, '--all'],
    ...['--state', state],
  ]);
  await agent.says('watching');
  for (const [index, jpeg] of [...emptyFrames, ...visitedFrames].slice(0, 3).entries()) {
    putFrame(join(frames, `${index}.jpg`), jpeg, Date.UTC(2026, 10, 22, 12) + index * 1000);
  }
  const stored = (): string[] => filesBelow(captures).filter((name) => name.endsWith('.jpg'));
  await eventually(() => stored().length === 3, 'three frames stored');
  // The spool's modes are checked on a waiting frame: delivered ones are removed.
  expect(await receiver.stop()).toBe(0);
  putFrame(join(frames, '3.jpg'), visitedFrames[3]!, Date.UTC(2026, 10, 22, 12) + 3000);
  await eventually(() => filesBelow(state).some((name) => name.endsWith('.jpg')), 'a frame waits');
  expect(modesFrom(captures)).toEqual(atReceiver);
  expect(modesFrom(state)).toEqual({ folders: ['700'], files: ['600'] });
  expect(await agent.stop()).toBe(0);
});

it('does not change the modes of existing folders', async () => {
  const captures = temporaryDirectory();
  mkdirSync(join(captures, 'yard'));
  const before = modesFrom(captures).folders;
  const receiver = startUnder('022', 'receiver', [
    ...['--dir', captures, '--listen', `127.0.0.1:${await freePort()}`],
  ]);
  await receiver.says('keeping frames');
  expect(await receiver.stop()).toBe(0);
  expect(modesFrom(captures).folders).toEqual(before);
});
