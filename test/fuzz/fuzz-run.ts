/** Tries a target on harmed inputs, and says how to try the same again. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { harmed } from './mutators.js';
import { type FuzzTarget, checkPrototypes, must } from './target.js';

export interface FuzzSettings {
  readonly runs: number;
  /** Undefined: another each time. */
  readonly seed: number | undefined;
}

/** Longer inputs are not shown whole. */
const maxShownBytes = 2000;

/** @returns the seed @throws {Error} a rule was broken: on what, and how to see it again */
export async function fuzz(target: FuzzTarget, { runs, seed }: FuzzSettings): Promise<number> {
  return await inScratchFolder(async (folder) => {
    const result = await fc.check(
      fc.asyncProperty(harmed(target.corpus), (bytes) => checkOnce(target, bytes, folder)),
      { numRuns: runs, ...(seed !== undefined && { seed }) },
    );
    if (!result.failed) return result.seed;
    const broken = brokenOn(target, result.counterexample?.[0] ?? Buffer.alloc(0));
    const again = `npm run test:fuzz -- ${target.name} --seed ${result.seed} --runs ${runs}`;
    throw new Error(`${broken}\nagain: ${again}`, { cause: result.errorInstance });
  });
}

/** @param work is given a folder for its own, and what stands for everything outside of it */
export async function inScratchFolder<T>(
  work: (folder: string, parent: string) => Promise<T>,
): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'picchanged-fuzz-'));
  try {
    const folder = join(parent, 'inside');
    mkdirSync(folder);
    return await work(folder, parent);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** Once, in an empty folder; nothing may be left beside it. */
export async function checkOnce(target: FuzzTarget, bytes: Buffer, folder: string): Promise<void> {
  try {
    await target.check(bytes, folder);
    checkPrototypes();
    must(readdirSync(join(folder, '..')).length === 1, 'no file outside the folder');
  } finally {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      rmSync(Buffer.concat([Buffer.from(`${folder}/`), name]), { recursive: true });
    }
  }
}

export function brokenOn({ name }: FuzzTarget, bytes: Buffer): string {
  const shown = bytes.subarray(0, maxShownBytes);
  const base64 = shown.toString('base64');
  return `${name} broke on ${bytes.length} bytes: ${JSON.stringify(shown.toString())}, base64 ${base64}`;
}
