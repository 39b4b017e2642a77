import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LockBatches } from '../../../receiver/store/lock-batches.js';
import { flock } from '../../../shared/files/flock.js';
import { missing } from '../../support/programs.js';
import { temporaryDirectory } from '../../support/temporary.js';

const why = missing('flock', 'util-linux') ?? missing('xargs', 'findutils');

afterEach(() => {
  vi.unstubAllEnvs();
});

async function opened(path: string): Promise<FileHandle> {
  const file = await open(path, 'a');
  onTestFinished(() => file.close());
  return file;
}

/** Real programs, whose starts by this process are noted. @returns the names of those started */
function notedStarts(): () => string[] {
  const directory = temporaryDirectory();
  const notes = join(directory, 'notes');
  writeFileSync(notes, '');
  const path = process.env.PATH ?? '';
  for (const name of ['flock', 'xargs']) {
    const script = `#!/bin/sh\necho ${name} >> '${notes}'\nPATH='${path}' exec ${name} "$@"\n`;
    writeFileSync(join(directory, name), script);
    chmodSync(join(directory, name), 0o755);
  }
  vi.stubEnv('PATH', `${directory}:${path}`);
  return () => readFileSync(notes, 'utf8').split('\n').filter(Boolean);
}

describe('locks that are asked for together', () => {
  it('are taken by few processes, each for its own file', async (test) => {
    test.skip(why !== undefined, why);
    const starts = notedStarts();
    const directory = temporaryDirectory();
    const names = Array.from({ length: 150 }, (_, at) => join(directory, `camera-${at}`));
    const files = await Promise.all(names.map(opened));
    const batches = new LockBatches();
    const results = await Promise.all(files.map((file) => batches.lock(file, 0)));
    expect(new Set(results)).toEqual(new Set(['locked']));
    // The first one comes alone; then 64, 64 and the rest.
    expect(starts().sort()).toEqual(['flock', 'xargs', 'xargs', 'xargs']);
    const others = await Promise.all([names[0], names[1], names[149]].map((name) => opened(name!)));
    for (const other of others) expect(await flock(other, { mode: 'exclusive' })).toBe('held');
  });

  it('are taken but for the one that another process holds', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const names = ['a', 'b', 'c', 'd'].map((name) => join(directory, name));
    const holder = await opened(names[2]!);
    expect(await flock(holder, { mode: 'exclusive' })).toBe('locked');
    const files = await Promise.all(names.map(opened));
    const batches = new LockBatches();
    const results = await Promise.all(files.map((file) => batches.lock(file, 0)));
    expect(results).toEqual(['locked', 'locked', 'held', 'locked']);
  });
});
