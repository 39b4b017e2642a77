/**
 * The judge and the selection with their files around them: the mask, what a one-shot run keeps for the next,
 * and the pictures that explain what was found.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, describeError } from '../../shared/errors.js';
import { clockedPath } from '../../shared/frame-path.js';
import type { Log } from '../../shared/log.js';
import { HeldFrames } from '../events/buffered-frames.js';
import { ConstantChange } from './persistent-motion.js';
import { decodeSmall } from './decode.js';
import type { SmallPicture } from './grid.js';
import { Judge } from './motion-detector.js';
import { type Mask, describeMisfit } from './mask.js';
import { type Memory, decodeMemory, encodeMemory } from './kept-state.js';
import { type Decided, Selection, type SelectionSettings } from '../events/event-recorder.js';
import type { Finding, Verdict } from '../events/verdict.js';
import type { CapturedFrame } from '../source/frame-source.js';
import type { StateDirectory } from '../state.js';

export interface ExaminerSettings {
  /** True: every frame is to be sent, none is judged. */
  readonly all: boolean;
  readonly sensitivity: number;
  readonly minArea: number;
  readonly absorbMs: number;
  readonly selection: SelectionSettings;
  readonly maskPath: string | undefined;
  /** Where explanations are drawn; undefined: nowhere. */
  readonly explainDirectory: string | undefined;
}

/** Where a one-shot run finds what the last one left. */
export interface Remembered {
  readonly state: StateDirectory;
  /** For the frames that are held: in memory, where the system offers it. */
  readonly runtimeDirectory: string;
  /** Whether a frame waits to be delivered: a run that was killed had no time to remember that. */
  readonly isSpooled: (capturedAtMs: number, sha256: string) => Promise<boolean>;
}

/** The memory in the state directory. */
const memoryName = 'judge-memory';
const sendAll: Verdict = {
  changed: true,
  event: undefined,
  sent: true,
  reason: 'all',
  ratio: 0,
  boxes: [],
  strength: 0,
};

interface ExaminerParts {
  readonly settings: ExaminerSettings;
  readonly mask: Mask | undefined;
  readonly judge: Judge;
  readonly selection: Selection<CapturedFrame>;
  readonly state: StateDirectory | undefined;
  readonly heldFrames: HeldFrames | undefined;
  readonly log: Log;
}

export class Examiner {
  readonly #parts: ExaminerParts;
  readonly #constantChange = new ConstantChange();
  /** Explanations are written one after the other, and never make the next shot wait. */
  #drawing: Promise<void> = Promise.resolve();
  #hasSaidMisfit = false;

  private constructor(parts: ExaminerParts) {
    this.#parts = parts;
  }

  /**
   * @param remembered undefined: the first frame is the first, and nothing is kept
   * @throws {UsageError} the mask or the folder for explanations is of no use @throws {OperationalError} STATE
   */
  static async open(
    settings: ExaminerSettings,
    remembered: Remembered | undefined,
    log: Log,
  ): Promise<Examiner> {
    const { maskPath, explainDirectory } = settings;
    const mask = maskPath === undefined ? undefined : await loadMask(maskPath);
    if (explainDirectory !== undefined) await makeFolder(explainDirectory);
    const state = settings.all ? undefined : remembered?.state;
    const memory = state && remembered && (await loadMemory(state, remembered, log));
    const heldFrames =
      state && remembered && (await openHeldFrames(settings, state, remembered, log));
    const held = memory && (await heldFrames?.read(memory.selection.held));
    // What cannot be held until the next run is decided on in this one.
    const isForgetful = state !== undefined && heldFrames === undefined;
    const rules = isForgetful ? { ...settings.selection, before: 0 } : settings.selection;
    const selection = new Selection<CapturedFrame>(rules, memory?.selection.memory, held);
    const judge = new Judge({ ...settings, mask }, memory?.judge);
    return new Examiner({ settings, mask, judge, selection, state, heldFrames, log });
  }

  /**
   * Judges a frame. What it was found to show is drawn, if it changed and drawings are wanted.
   * @returns the frames whose fate is decided now, earlier ones too, in the order of capture
   * @throws {OperationalError} FRAME: it cannot be looked at. MASK: it leaves nothing to look at
   */
  examine(frame: CapturedFrame): readonly Decided<CapturedFrame>[] {
    const { settings, judge, selection } = this.#parts;
    const { jpeg, capturedAtMs } = frame;
    if (settings.all) return [{ frame, capturedAtMs, verdict: sendAll }];
    const picture = decodeSmall(jpeg);
    this.#sayMisfit(picture);
    const finding = judge.judge(picture, capturedAtMs);
    this.#hintAtMask(finding, capturedAtMs, picture);
    this.#explain(frame, picture, finding);
    return selection.take(frame, capturedAtMs, finding, jpeg.length);
  }

  /** Decides on the frames that are held, when no frame comes any more. */
  finish(): readonly Decided<CapturedFrame>[] {
    return this.#parts.selection.finish();
  }

  /** Keeps for the next run what judge and selection remember, wholly or not at all. @throws {OperationalError} STATE */
  async remember(): Promise<void> {
    const { state, heldFrames, judge, selection } = this.#parts;
    if (state === undefined || judge.memory === undefined || selection.memory === undefined) return;
    const held = (await heldFrames?.keep(selection.held)) ?? [];
    const selected = { memory: selection.memory, held };
    await state.write(memoryName, encodeMemory({ judge: judge.memory, selection: selected }));
    await heldFrames?.tidy(held);
  }

  /** Resolves when the drawings are done. */
  async close(): Promise<void> {
    await this.#drawing;
  }

  #explain(frame: CapturedFrame, picture: SmallPicture, { kind }: Finding): void {
    const { settings, judge, log } = this.#parts;
    const { explainDirectory } = settings;
    const judgement = judge.lastJudgement;
    const isChanged = kind === 'change' || kind === 'scene';
    if (explainDirectory === undefined || !isChanged || judgement === undefined) return;
    const path = join(explainDirectory, `${stemOf(frame)}.png`);
    this.#drawing = this.#drawing.then(async () => {
      try {
        const { drawExplanation } = await import('./explain.js');
        await writeFile(path, drawExplanation(picture, judgement));
      } catch (error) {
        // A picture for people to look at: the frame itself is on its way.
        log.warn('cannot write an explanation', { path, error });
      }
    });
  }

  #hintAtMask(finding: Finding, capturedAtMs: number, picture: SmallPicture): void {
    const box = this.#constantChange.note(finding, capturedAtMs, picture);
    if (box === undefined) return;
    const [left, top, width, height] = box;
    this.#parts.log.warn(
      'something goes on changing in one place; if it is a clock, a flag or a screen, leave it out with --mask',
      { left, top, width, height },
    );
  }

  #sayMisfit(picture: SmallPicture): void {
    const { mask, log } = this.#parts;
    if (mask === undefined || this.#hasSaidMisfit) return;
    const misfit = describeMisfit(mask, picture);
    if (misfit !== undefined) log.warn(misfit);
    this.#hasSaidMisfit = true;
  }
}

/** Named as the receiver names the frame, in UTC. */
function stemOf({ capturedAtMs }: CapturedFrame): string {
  return clockedPath('', { capturedAtMs, utcOffsetMinutes: 0 }).stem;
}

/** @returns undefined when there is none of use, which is said @throws {OperationalError} STATE */
async function loadMemory(
  state: StateDirectory,
  { isSpooled }: Remembered,
  log: Log,
): Promise<Memory | undefined> {
  const kept = await state.read(memoryName);
  const memory = kept === undefined ? undefined : decodeMemory(kept);
  if (typeof memory === 'string') {
    log.warn('starting afresh: what the last run remembered is of no use', { reason: memory });
    return undefined;
  }
  if (memory === undefined) return undefined;
  const { held } = memory.selection;
  const areSpooled = await Promise.all(
    held.map((each) => isSpooled(each.capturedAtMs, each.frame)),
  );
  if (!areSpooled.includes(true)) return memory;
  const stillHeld = held.filter((_, index) => areSpooled[index] === false);
  const mended = { ...memory, selection: { ...memory.selection, held: stillHeld } };
  // At once: when they have been delivered nothing tells any more that they were sent.
  await state.write(memoryName, encodeMemory(mended));
  return mended;
}

/** @returns undefined when no frame is to be held, or none can be, which is said */
async function openHeldFrames(
  { selection }: ExaminerSettings,
  state: StateDirectory,
  { runtimeDirectory }: Remembered,
  log: Log,
): Promise<HeldFrames | undefined> {
  if (selection.before === 0 && selection.minDurationMs === 0) return undefined;
  try {
    return await HeldFrames.open(runtimeDirectory, state.path, log);
  } catch (error) {
    log.warn('no frame is held for the next run', { error });
    return undefined;
  }
}

/** @throws {UsageError} there is none, or it is of no use */
export async function loadMask(path: string): Promise<Mask> {
  const { readMask } = await import('./mask-png.js');
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
