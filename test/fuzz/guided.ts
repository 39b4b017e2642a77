/**
 * A target on inputs that are chosen by the code they reach: one that reaches something new is harmed further.
 * V8 says what was reached. (Jazzer.js would do it too, but is a native program for the newest systems only.)
 */
import { rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import fc from 'fast-check';
import { brokenOn, checkOnce, inScratchFolder } from './fuzz-run.js';
import { harmed } from './mutators.js';
import type { FuzzTarget } from './target.js';

/** Between two looks at what the inputs are made of. */
const roundInputs = 500;

export interface GuidedResult {
  readonly inputs: number;
  /** Of them, those that reached something new. */
  readonly kept: number;
  /** Ways through functions that were taken. */
  readonly ways: number;
}

/** @throws {Error} a rule was broken, and on what */
export async function fuzzGuided(
  target: FuzzTarget,
  seconds: number,
  seed: number,
): Promise<GuidedResult> {
  const corpus = [...target.corpus];
  const coverage = await Coverage.start();
  return await inScratchFolder(async (folder, parent) => {
    const endMs = performance.now() + seconds * 1000;
    // Should it hang, this is the input on which it does.
    const inHand = `${parent}.input`;
    console.log(`${target.name}: the input in hand is in ${inHand}`);
    let inputs = 0;
    for (let round = 0; performance.now() < endMs; round += 1) {
      const settings = { numRuns: roundInputs, seed: seed + round };
      for (const bytes of fc.sample(harmed(corpus), settings)) {
        writeFileSync(inHand, bytes);
        inputs += 1;
        try {
          await checkOnce(target, bytes, folder);
        } catch (cause) {
          throw new Error(brokenOn(target, bytes), { cause });
        }
        if (await coverage.hasGrown()) corpus.push(bytes);
      }
    }
    rmSync(inHand);
    return { inputs, kept: corpus.length - target.corpus.length, ways: coverage.ways };
  });
}

/** Which ways through functions were taken: of this program, and of what decodes pictures for it. */
class Coverage {
  readonly #session: Session;
  readonly #seen = new Set<string>();

  private constructor(session: Session) {
    this.#session = session;
  }

  static async start(): Promise<Coverage> {
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return new Coverage(session);
  }

  get ways(): number {
    return this.#seen.size;
  }

  /** Whether a way was taken since the last look that never was before. */
  async hasGrown(): Promise<boolean> {
    const before = this.#seen.size;
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    for (const { url, scriptId, functions } of result) {
      if (!/\.cache\/picchanged\/|\/node_modules\/(?:jpeg-js|pngjs)\//.test(url)) continue;
      for (const { ranges } of functions) {
        // Counts are since the last look; what an input left out of a function tells its way through it.
        const [whole, ...parts] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const left = parts.filter(({ count }) => count === 0).map(({ startOffset }) => startOffset);
        this.#seen.add(`${scriptId} ${whole.startOffset} ${left.join()}`);
      }
    }
    return this.#seen.size > before;
  }
}
