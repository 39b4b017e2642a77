/** The lock of a camera's name. Two open files exclude each other in one process as in two. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type CameraLock,
  lockCamera,
  removeIdleLocks,
} from '../../../receiver/store/camera-lock.js';
import { LockBatches } from '../../../receiver/store/lock-batches.js';
import { Folder } from '../../../receiver/store/folder.js';
import { missing } from '../../support/programs.js';
import { temporaryDirectory } from '../../support/temporary.js';

const why = missing('flock', 'util-linux');

async function lock(directory: string, epoch: string, onReplaced = (): void => undefined) {
  const claim = { camera: 'yard', epoch, onReplaced };
  const taken = await lockCamera(directory, claim, new LockBatches());
  if (taken) onTestFinished(() => taken.release());
  return taken;
}

describe("a camera's name", () => {
  it('is held by one epoch at a time, and free after the release', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const first = await lock(directory, 'a');
    expect(first).toBeDefined();
    expect(await lock(directory, 'b')).toBeUndefined();
    await first?.release();
    expect(await lock(directory, 'b')).toBeDefined();
  });

  it('goes to a newer connection of the same epoch, once the older one is notified and releases it', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const notified: string[] = [];
    const older = await lock(directory, 'a', () => {
      notified.push('older');
      void older?.release();
    });
    const newer = await lock(directory, 'a', () => notified.push('newer'));
    expect(newer).toBeDefined();
    expect(notified).toEqual(['older']);
    expect(await lock(directory, 'b')).toBeUndefined();
  });

  it('goes at once to the epoch whose process was killed', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    await lock(directory, 'b').then((made) => made?.release());
    const left = { epoch: 'a', connection: 'of a killed process' };
    writeFileSync(join(directory, '.locks', 'yard'), JSON.stringify(left));
    const notified: string[] = [];
    expect(await lock(directory, 'a', () => notified.push('new'))).toBeDefined();
    expect(notified).toEqual([]);
  });

  it('is acquired after its last connection has ended', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const first = await lock(directory, 'a');
    const second = lock(directory, 'b');
    await first?.release();
    expect(await second).toBeDefined();
  });

  it('goes to one of many concurrent requests', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const epochs = ['a', 'b', 'c', 'd'];
    const locks: (CameraLock | undefined)[] = await Promise.all(
      epochs.map((epoch) => lock(directory, epoch)),
    );
    expect(locks.filter((each) => each !== undefined)).toHaveLength(1);
  });

  it('can be acquired whatever its file contains', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    await (await lock(directory, 'a'))?.release();
    writeFileSync(join(directory, '.locks', 'yard'), 'nonsense');
    expect(await lock(directory, 'b')).toBeDefined();
  });

  it('leaves no file after its last release', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const files = (): string[] => readdirSync(join(directory, '.locks'));
    const first = await lock(directory, 'a', () => void first?.release());
    const second = await lock(directory, 'a');
    expect(files()).toEqual(['yard']);
    await second?.release();
    expect(files()).toEqual([]);
  });

  it('is never held by two epochs, however often it is released', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    let [holders, taken] = [0, 0];
    const work = async (epoch: string): Promise<void> => {
      for (let turn = 0; turn < 4; turn += 1) {
        const held = await lock(directory, epoch);
        if (held === undefined) continue;
        holders += 1;
        taken += 1;
        expect(holders).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        holders -= 1;
        await held.release();
      }
    };
    await Promise.all(['a', 'b', 'c'].map(work));
    expect(taken).toBeGreaterThan(0);
    expect(readdirSync(join(directory, '.locks'))).toEqual([]);
  });

  it('loses the file of a killed process at a start, unless it is held', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const held = await lock(directory, 'a');
    writeFileSync(join(directory, '.locks', 'garden'), 'left over');
    const root = await Folder.open(directory);
    onTestFinished(() => root.close());
    await removeIdleLocks(root, Date.now());
    expect(readdirSync(join(directory, '.locks')).sort()).toEqual(['garden', 'yard']);
    await removeIdleLocks(root, Date.now() + 3_600_000);
    expect(readdirSync(join(directory, '.locks'))).toEqual(['yard']);
    expect(await lock(directory, 'b')).toBeUndefined();
    await held?.release();
  });

  it('cannot be acquired without the captures directory', async () => {
    const directory = join(temporaryDirectory(), 'gone');
    await expect(lock(directory, 'a')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
