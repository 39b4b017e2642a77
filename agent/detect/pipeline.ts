/**
 * The detection pipeline: decoder, motion detector and event recorder, with the files around them: the mask, the
 * state that a one-shot run keeps for the next, and the pictures of `--explain`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, describeError } from '../../shared/cli/errors.js';
import { clockedPath } from '../../shared/protocol/frame-path.js';
import type { Log } from '../../shared/cli/log.js';
import { BufferedFrames } from '../events/buffered-frames.js';
import { PersistentMotion } from './persistent-motion.js';
import { decodeSmall } from './decode.js';
import type { SmallPicture } from './grid.js';
import { MotionDetector } from './motion-detector.js';
import { type Mask, describeMisfit } from './mask.js';
import { type KeptState, decodeState, encodeState } from './kept-state.js';
import { type Decided, EventRecorder, type RecorderSettings } from '../events/event-recorder.js';
import type { Detection, Verdict } from '../events/verdict.js';
import type { CapturedFrame } from '../source/frame-source.js';
import type { StateDirectory } from '../service/state.js';

export interface PipelineSettings {
  /** True: every frame is sent without detection (`--all`). */
  readonly all: boolean;
  readonly sensitivity: number;
  readonly minArea: number;
  readonly absorbMs: number;
  readonly selection: RecorderSettings;
  readonly maskPath: string | undefined;
  /** The directory of `--explain`; undefined: nothing is drawn. */
  readonly explainDirectory: string | undefined;
}

/** Where a one-shot run finds the state that the last one kept. */
export interface Remembered {
  readonly state: StateDirectory;
  /** For the buffered frames: in memory, where the system offers it. */
  readonly runtimeDirectory: string;
  /** Whether a frame is in the spool already: a run that was killed may have kept an older state. */
  readonly isSpooled: (capturedAtMs: number, sha256: string) => Promise<boolean>;
}

/** The file's name in the state directory. */
const stateName = 'judge-memory';
const sendAll: Verdict = {
  changed: true,
  event: undefined,
  sent: true,
  reason: 'all',
  ratio: 0,
  boxes: [],
  strength: 0,
};

interface PipelineParts {
  readonly settings: PipelineSettings;
  readonly mask: Mask | undefined;
  readonly detector: MotionDetector;
  readonly recorder: EventRecorder<CapturedFrame>;
  readonly state: StateDirectory | undefined;
  readonly bufferedFrames: BufferedFrames | undefined;
  readonly log: Log;
}

export class DetectionPipeline {
  readonly #parts: PipelineParts;
  readonly #persistentMotion = new PersistentMotion();
  /** Explanations are written one after the other, and never make the next shot wait. */
  #drawing: Promise<void> = Promise.resolve();
  #hasWarnedOfMisfit = false;

  private constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /**
   * @param remembered undefined: the background begins with the first frame, and no state is kept
   * @throws {UsageError} the mask or the directory for explanations cannot be used @throws {OperationalError} STATE
   */
  static async open(
    settings: PipelineSettings,
    remembered: Remembered | undefined,
    log: Log,
  ): Promise<DetectionPipeline> {
    const { maskPath, explainDirectory } = settings;
    const mask = maskPath === undefined ? undefined : await loadMask(maskPath);
    if (explainDirectory !== undefined) await makeFolder(explainDirectory);
    const state = settings.all ? undefined : remembered?.state;
    const memory = state && remembered && (await loadState(state, remembered, log));
    const bufferedFrames =
      state && remembered && (await openBufferedFrames(settings, state, remembered, log));
    const buffered = memory && (await bufferedFrames?.read(memory.recorder.buffered));
    // Without a place for buffered frames, each is decided in this run.
    const hasNoBuffer = state !== undefined && bufferedFrames === undefined;
    const rules = hasNoBuffer ? { ...settings.selection, before: 0 } : settings.selection;
    const recorder = new EventRecorder<CapturedFrame>(rules, memory?.recorder.state, buffered);
    const detector = new MotionDetector({ ...settings, mask }, memory?.detector);
    return new DetectionPipeline({
      settings,
      mask,
      detector,
      recorder,
      state,
      bufferedFrames,
      log,
    });
  }

  /**
   * Takes the next frame.
   * @returns the frames that are decided now, earlier ones too, in the order of capture
   * @throws {OperationalError} FRAME: it cannot be decoded. MASK: it excludes the whole picture
   */
  process(frame: CapturedFrame): readonly Decided<CapturedFrame>[] {
    const { settings, detector, recorder } = this.#parts;
    const { jpeg, capturedAtMs } = frame;
    if (settings.all) return [{ frame, capturedAtMs, verdict: sendAll }];
    const picture = decodeSmall(jpeg);
    this.#warnOfMisfit(picture);
    const detection = detector.detect(picture, capturedAtMs);
    this.#suggestMask(detection, capturedAtMs, picture);
    this.#explain(frame, picture, detection);
    return recorder.push(frame, capturedAtMs, detection, jpeg.length);
  }

  /** Decides on the buffered frames at the end. */
  finish(): readonly Decided<CapturedFrame>[] {
    return this.#parts.recorder.finish();
  }

  /** Keeps the state for the next run, wholly or not at all. @throws {OperationalError} STATE */
  async keepState(): Promise<void> {
    const { state, bufferedFrames, detector, recorder } = this.#parts;
    if (state === undefined || detector.state === undefined || recorder.state === undefined) return;
    const buffered = (await bufferedFrames?.keep(recorder.buffered)) ?? [];
    const kept = { state: recorder.state, buffered };
    await state.write(stateName, encodeState({ detector: detector.state, recorder: kept }));
    await bufferedFrames?.tidy(buffered);
  }

  /** Resolves when the drawings are done. */
  async close(): Promise<void> {
    await this.#drawing;
  }

  #explain(frame: CapturedFrame, picture: SmallPicture, { kind }: Detection): void {
    const { settings, detector, log } = this.#parts;
    const { explainDirectory } = settings;
    const judgement = detector.lastCellMap;
    const isChanged = kind === 'change' || kind === 'scene';
    if (explainDirectory === undefined || !isChanged || judgement === undefined) return;
    const path = join(explainDirectory, `${stemOf(frame)}.png`);
    this.#drawing = this.#drawing.then(async () => {
      try {
        const { drawExplanation } = await import('./explain.js');
        await writeFile(path, drawExplanation(picture, judgement));
      } catch (error) {
        // Only a picture for the operator: the frame itself is in the spool.
        log.warn('cannot write an explanation', { path, error });
      }
    });
  }

  #suggestMask(detection: Detection, capturedAtMs: number, picture: SmallPicture): void {
    const box = this.#persistentMotion.note(detection, capturedAtMs, picture);
    if (box === undefined) return;
    const [left, top, width, height] = box;
    this.#parts.log.warn(
      'constant motion in one area; if it is a clock, a flag or a screen, exclude it with --mask',
      { left, top, width, height },
    );
  }

  #warnOfMisfit(picture: SmallPicture): void {
    const { mask, log } = this.#parts;
    if (mask === undefined || this.#hasWarnedOfMisfit) return;
    const misfit = describeMisfit(mask, picture);
    if (misfit !== undefined) log.warn(misfit);
    this.#hasWarnedOfMisfit = true;
  }
}

/** Named as the receiver names the frame, in UTC. */
function stemOf({ capturedAtMs }: CapturedFrame): string {
  return clockedPath('', { capturedAtMs, utcOffsetMinutes: 0 }).stem;
}

/** @returns undefined when there is none that can be used, which is logged @throws {OperationalError} STATE */
async function loadState(
  state: StateDirectory,
  { isSpooled }: Remembered,
  log: Log,
): Promise<KeptState | undefined> {
  const kept = await state.read(stateName);
  const memory = kept === undefined ? undefined : decodeState(kept);
  if (typeof memory === 'string') {
    log.warn('starting with a new background: the kept state cannot be used', { reason: memory });
    return undefined;
  }
  if (memory === undefined) return undefined;
  const { buffered } = memory.recorder;
  const areSpooled = await Promise.all(
    buffered.map((each) => isSpooled(each.capturedAtMs, each.frame)),
  );
  if (!areSpooled.includes(true)) return memory;
  const waiting = buffered.filter((_, index) => areSpooled[index] === false);
  const mended = { ...memory, recorder: { ...memory.recorder, buffered: waiting } };
  // At once: after their delivery nothing shows that they were sent.
  await state.write(stateName, encodeState(mended));
  return mended;
}

/** @returns undefined when no frame is to be buffered, or none can be, which is logged */
async function openBufferedFrames(
  { selection }: PipelineSettings,
  state: StateDirectory,
  { runtimeDirectory }: Remembered,
  log: Log,
): Promise<BufferedFrames | undefined> {
  if (selection.before === 0 && selection.minDurationMs === 0) return undefined;
  try {
    return await BufferedFrames.open(runtimeDirectory, state.path, log);
  } catch (error) {
    log.warn('frames cannot be buffered for the next run', { error });
    return undefined;
  }
}

/** @throws {UsageError} it does not exist, or is no usable PNG */
export async function loadMask(path: string): Promise<Mask> {
  const { readMask } = await import('./mask-png.js');
  try {
    return readMask(await readFile(path));
  } catch (cause) {
    // A mask is configuration: an error in it is an error of usage.
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
