/** flock(2) by util-linux's program, and the program failing. */
import { chmodSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { flock, flockAll } from '../../../shared/files/flock.js';
import { missing } from '../../support/programs.js';
import { temporaryDirectory } from '../../support/temporary.js';

const why = missing('flock', 'util-linux');
const exclusive = { mode: 'exclusive' } as const;

afterEach(() => {
  vi.unstubAllEnvs();
});

async function twoHandles(): Promise<readonly [FileHandle, FileHandle]> {
  const path = join(temporaryDirectory(), 'lock');
  return [await open(path, 'a'), await open(path, 'a')];
}

describe('flock', () => {
  it('locks a file until its handle is closed', async (test) => {
    test.skip(why !== undefined, why);
    const [one, other] = await twoHandles();
    expect(await flock(one, exclusive)).toBe('locked');
    expect(await flock(other, exclusive)).toBe('held');
    await one.close();
    expect(await flock(other, exclusive)).toBe('locked');
    await other.close();
  });

  it.each([
    ['is killed', 'kill -KILL $$', 'was killed'],
    ['is missing', undefined, 'install util-linux'],
  ])('reports no lock when the program %s', async (_, script, message) => {
    const [one, other] = await twoHandles();
    const programs = temporaryDirectory();
    if (script !== undefined) {
      writeFileSync(join(programs, 'flock'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(programs, 'flock'), 0o755);
    }
    vi.stubEnv('PATH', programs);
    await expect(flock(one, exclusive)).rejects.toThrow(message);
    await Promise.all([one.close(), other.close()]);
  });
});

describe('flockAll', () => {
  const whyNot = why ?? missing('xargs', 'findutils');

  it('locks many files, until their handles are closed', async (test) => {
    test.skip(whyNot !== undefined, whyNot);
    const pairs = await Promise.all(Array.from({ length: 20 }, twoHandles));
    expect(await flockAll(pairs.map(([one]) => one))).toBe(true);
    const results = pairs.map(([, other]) => flock(other, exclusive));
    expect(new Set(await Promise.all(results))).toEqual(new Set(['held']));
    for (const [one, other] of pairs) {
      await one.close();
      await other.close();
    }
  });

  it('says no when one of them is held, and flock tells which', async (test) => {
    test.skip(whyNot !== undefined, whyNot);
    const [free, held] = [await twoHandles(), await twoHandles()];
    expect(await flock(held[1], exclusive)).toBe('locked');
    expect(await flockAll([free[0], held[0]])).toBe(false);
    expect(await flock(free[0], exclusive)).toBe('locked');
    expect(await flock(held[0], exclusive)).toBe('held');
    await Promise.all([...free, ...held].map((file) => file.close()));
  });

  it('says no without its programs', async () => {
    const [one, other] = await twoHandles();
    vi.stubEnv('PATH', temporaryDirectory());
    expect(await flockAll([one, other])).toBe(false);
    await Promise.all([one.close(), other.close()]);
  });
});
