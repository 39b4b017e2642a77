/** A sweep on a disk that has no free byte: the line before a deletion needs room too. */
import { appendFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweep } from '../../../../receiver/archive/retention/sweep.js';
import { SweepLock } from '../../../../receiver/archive/retention/sweep-lock.js';
import { smallDisk, whyNoMount } from '../../../support/mounts.js';
import { dayMs, firstMs, frameAt, isThere, linesOf, makeStore, plantAll } from './given-store.js';

const why = whyNoMount();

describe('a sweep on a full disk', () => {
  it('makes room, each deletion with its line', async (test) => {
    test.skip(why !== undefined, why);
    const directory = smallDisk('1m');
    const { root, parts } = await makeStore(directory);
    // A receiver makes the file at its first sweep.
    const lock = await SweepLock.take(root, 0);
    await lock?.begin('yard/2026_11_01');
    await lock?.end();
    await lock?.release();
    const names = plantAll(
      directory,
      Array.from({ length: 60 }, (_, at) => frameAt(firstMs + at * 60_000, { bytes: 8000 })),
    );
    expect(() => {
      for (;;) appendFileSync(join(directory, 'other'), Buffer.alloc(4096));
    }).toThrow(/ENOSPC/);
    const disk = () => {
      const { bavail, blocks, bsize } = statfsSync(directory);
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    };
    expect(disk().freeBytes).toBe(0);
    const limits = { minFree: { bytes: 100_000 } };
    const now = firstMs + dayMs / 3;
    await sweep({ ...parts(limits, now), disk }, { waitS: 0, mayDelete: () => true });
    expect(disk().freeBytes).toBeGreaterThan(90_000);
    const gone = names.filter((name) => !isThere(directory, name));
    const lines = linesOf(directory, 'yard/2026_11_01', 'deleted');
    expect(lines.flatMap((line) => line.names)).toHaveLength(gone.length);
    expect(isThere(directory, names[59] ?? '')).toBe(true);
  });
});
