/** Another process exchanges folders and links as fast as possible while frames are stored. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, frameOf, nameOf } from './given.js';

afterEach(() => void vi.restoreAllMocks());

/** Exchanges two names until it is killed: renameat2(2) with RENAME_EXCHANGE, which Node does not have. */
const exchanger = `
import ctypes, sys, time
exchange = ctypes.CDLL(None, use_errno=True).renameat2
one, other = (path.encode() for path in sys.argv[1:3])
if exchange(-100, one, -100, other, 2) != 0: sys.exit(3)
print('exchanging', flush=True)
while True:
    exchange(-100, one, -100, other, 2)
    time.sleep(0.0001)
`;

/** Why this machine cannot run the test; undefined when it can. */
function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'names are exchanged on Linux only';
  const probe = 'import ctypes; ctypes.CDLL(None).renameat2';
  const { status } = spawnSync('python3', ['-c', probe]);
  return status === 0 ? undefined : 'python3 with renameat2 is missing';
}
const skipReason = reasonToSkip();

async function exchange(one: string, other: string): Promise<{ end: () => Promise<void> }> {
  const child = spawn('python3', ['-c', exchanger, one, other], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('a folder that is exchanged with a link as fast as possible', () => {
  it.for([day, 'yard', 'yard/.incoming'])(
    '%s: nothing is written to the link target, and every acknowledged frame is there',
    async (name, test) => {
      test.skip(skipReason !== undefined, skipReason);
      const directory = temporaryDirectory();
      const [outside, aside] = [temporaryDirectory(), temporaryDirectory()];
      const store = await openFrameStore(directory, Date.now());
      await store.put(frameOf(1));
      // The link target has the subfolders of the folder.
      mkdirSync(join(outside, '2026_11_22'));
      mkdirSync(join(outside, '.incoming'));
      const [folder, link] = [join(directory, name), join(aside, 'link')];
      symlinkSync(outside, link);
      const exchanging = await exchange(folder, link);
      const acknowledged: string[] = [nameOf(1)];
      let refused = 0;
      for (let sequence = 2; sequence <= 60; sequence += 1) {
        try {
          acknowledged.push((await store.put(frameOf(sequence))).name);
        } catch (error) {
          expect(error).toMatchObject({ code: 'STORE' });
          refused += 1;
        }
      }
      await exchanging.end();
      console.log(`${name}: ${acknowledged.length} acknowledged, ${refused} refused`);
      expect(filesBelow(outside, { hidden: true })).toEqual([]);
      if (lstatSync(folder).isSymbolicLink()) {
        unlinkSync(folder);
        renameSync(link, folder);
      }
      for (const each of acknowledged) expect(existsSync(join(directory, each))).toBe(true);
    },
  );
});

describe('a frame that is replaced by a pipe between lstat and open', () => {
  it('does not block the store', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(frameOf(1));
    const path = join(directory, nameOf(1));
    const real = Reflect.get(Folder.prototype, 'lstat') as (name: string) => unknown;
    vi.spyOn(Folder.prototype, 'lstat').mockImplementation(function (this: Folder, name: string) {
      const stats = real.call(this, name);
      if (path.endsWith(name) && lstatSync(path).isFile()) {
        renameSync(path, `${path}.away`);
        expect(spawnSync('mkfifo', [path]).status).toBe(0);
      }
      return stats as never;
    });
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1, 2), duplicate: false });
    vi.restoreAllMocks();
    unlinkSync(path);
    writeFileSync(path, readFileSync(`${path}.away`));
    expect(await store.put(frameOf(1))).toMatchObject({ duplicate: true });
  });
});
