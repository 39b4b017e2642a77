/**
 * The judge with its files around it: the mask it is given, the memory that a one-shot run keeps, and the
 * pictures that explain its verdicts.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, describeError } from '../shared/errors.js';
import { clockedPath } from '../shared/frame-path.js';
import type { Log } from '../shared/log.js';
import { decodeSmall } from './judge/decode.js';
import type { SmallPicture } from './judge/grid.js';
import { Judge } from './judge/judge.js';
import { type Mask, describeMisfit, readMask } from './judge/mask.js';
import { decodeMemory, encodeMemory } from './judge/memory.js';
import type { Verdict } from './judge/verdict.js';
import type { CapturedFrame } from './source/frame-source.js';
import type { StateDirectory } from './state.js';

export interface ExaminerSettings {
  /** True: every frame is to be sent, none is judged. */
  readonly all: boolean;
  readonly sensitivity: number;
  readonly minArea: number;
  readonly eventGapMs: number;
  readonly maskPath: string | undefined;
  /** Where explanations are drawn; undefined: nowhere. */
  readonly explainDirectory: string | undefined;
}

/** The judge's memory in the state directory. */
const memoryName = 'judge-memory';
const sendAll: Verdict = {
  changed: true,
  reason: 'all',
  ratio: 0,
  boxes: [],
  event: undefined,
};

export class Examiner {
  readonly #settings: ExaminerSettings;
  readonly #mask: Mask | undefined;
  readonly #judge: Judge;
  readonly #log: Log;
  #picture: SmallPicture | undefined;
  /** Explanations are written one after the other, and never make the next shot wait. */
  #drawing: Promise<void> = Promise.resolve();
  #hasSaidMisfit = false;

  private constructor(settings: ExaminerSettings, mask: Mask | undefined, judge: Judge, log: Log) {
    this.#settings = settings;
    this.#mask = mask;
    this.#judge = judge;
    this.#log = log;
  }

  /**
   * @param state where the last run's memory is; undefined: the first frame is the first
   * @throws {UsageError} the mask or the folder for explanations is of no use @throws {OperationalError} STATE
   */
  static async open(
    settings: ExaminerSettings,
    state: StateDirectory | undefined,
    log: Log,
  ): Promise<Examiner> {
    const { maskPath, explainDirectory } = settings;
    const mask = maskPath === undefined ? undefined : await loadMask(maskPath);
    if (explainDirectory !== undefined) await makeFolder(explainDirectory);
    const kept = settings.all ? undefined : await state?.read(memoryName);
    const memory = kept === undefined ? undefined : decodeMemory(kept);
    if (typeof memory === 'string') {
      log.warn('starting afresh: what the last run remembered is of no use', { reason: memory });
    }
    const remembered = typeof memory === 'string' ? undefined : memory;
    return new Examiner(settings, mask, new Judge({ ...settings, mask }, remembered), log);
  }

  /** @throws {OperationalError} FRAME: it cannot be looked at. MASK: it leaves nothing to look at */
  examine(frame: CapturedFrame): Verdict {
    if (this.#settings.all) return sendAll;
    this.#picture = decodeSmall(frame.jpeg);
    this.#sayMisfit(this.#picture);
    return this.#judge.judge(this.#picture, frame.capturedAtMs);
  }

  /** Draws how the last verdict came about, if it was a change and drawings are wanted. */
  explain(frame: CapturedFrame, verdict: Verdict): void {
    const directory = this.#settings.explainDirectory;
    const judgement = this.#judge.lastJudgement;
    const picture = this.#picture;
    if (directory === undefined || !verdict.changed || !judgement || !picture) return;
    const path = join(directory, `${stemOf(frame)}.png`);
    this.#drawing = this.#drawing.then(async () => {
      try {
        const { drawExplanation } = await import('./judge/explain.js');
        await writeFile(path, drawExplanation(picture, judgement));
      } catch (error) {
        // A picture for people to look at: the frame itself is on its way.
        this.#log.warn('cannot write an explanation', { path, error });
      }
    });
  }

  /** Keeps for the next run what the judge remembers. @throws {OperationalError} STATE */
  async remember(state: StateDirectory): Promise<void> {
    const { memory } = this.#judge;
    if (memory !== undefined) await state.write(memoryName, encodeMemory(memory));
  }

  /** Resolves when the drawings are done. */
  async close(): Promise<void> {
    await this.#drawing;
  }

  #sayMisfit(picture: SmallPicture): void {
    if (this.#mask === undefined || this.#hasSaidMisfit) return;
    const misfit = describeMisfit(this.#mask, picture);
    if (misfit !== undefined) this.#log.warn(misfit);
    this.#hasSaidMisfit = true;
  }
}

/** Named as the receiver names the frame, in UTC. */
function stemOf({ capturedAtMs }: CapturedFrame): string {
  return clockedPath('', { capturedAtMs, utcOffsetMinutes: 0 }).stem;
}

async function loadMask(path: string): Promise<Mask> {
  try {
    return readMask(await readFile(path));
  } catch (cause) {
    // A mask is configuration: whatever is wrong with it, the run has not begun.
    throw new UsageError(`--mask ${path}: ${describeError(cause)}`);
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new UsageError(`--explain ${path}: ${describeError(cause)}`);
  }
}
