/**
 * The detection pipeline: decoder, motion detector and event recorder. It reads and writes their files: the mask,
 * the state that a one-shot run keeps for the next run, and the drawings of `--explain`.
 */
import { readFile } from 'node:fs/promises';
import { UsageError, describeError } from '../../shared/cli/errors.js';
import { clockedPath } from '../../shared/protocol/frame-path.js';
import { makeDirectories } from '../../shared/files/durable-file.js';
import type { Log } from '../../shared/cli/log.js';
import { BufferedFrames } from '../events/buffered-frames.js';
import { PersistentMotion } from './persistent-motion.js';
import { decodeSmall } from './decode.js';
import { DrawingQueue } from './drawing-queue.js';
import type { ExplanationSettings, Explanations } from './explanations.js';
import type { SmallPicture } from './grid.js';
import { MotionDetector } from './motion-detector.js';
import { type Mask, describeMisfit } from './mask.js';
import { type KeptState, decodeState, encodeState } from './kept-state.js';
import { type Decided, EventRecorder, type RecorderSettings } from '../events/event-recorder.js';
import type { Detection, Verdict } from '../events/verdict.js';
import type { CapturedFrame } from '../source/frame-source.js';
import type { StateDirectory } from '../service/state.js';
import type { SpoolSet } from '../spool/spool-set.js';

export interface PipelineSettings {
  /** True: every frame is sent without detection (`--all`). */
  readonly all: boolean;
  readonly sensitivity: number;
  readonly minArea: number;
  readonly absorbMs: number;
  readonly selection: RecorderSettings;
  readonly maskPath: string | undefined;
  /** Undefined: no drawings. */
  readonly explain: ExplanationSettings | undefined;
}

/** Where a one-shot run keeps its state for the next run. */
export interface StateStorage {
  readonly state: StateDirectory;
  /** For the buffered frames; a file system in memory where the system has one. */
  readonly runtimeDirectory: string;
  /** A killed run may leave a state older than the spool: frames that are in the spool are not decided again. */
  readonly spools: Pick<SpoolSet, 'holds'>;
}

/** The file's name in the state directory. */
const stateName = 'judge-memory';
const sendAll: Verdict = {
  reason: 'all',
  ratio: 0,
  boxes: [],
  changed: true,
  strength: 0,
  event: undefined,
};

interface PipelineParts {
  readonly settings: PipelineSettings;
  readonly mask: Mask | undefined;
  readonly detector: MotionDetector;
  readonly recorder: EventRecorder<CapturedFrame>;
  readonly state: StateDirectory | undefined;
  readonly bufferedFrames: BufferedFrames | undefined;
  readonly explanations: Explanations | undefined;
  readonly log: Log;
}

export class DetectionPipeline {
  readonly #parts: PipelineParts;
  readonly #persistentMotion = new PersistentMotion();
  readonly #drawings: DrawingQueue | undefined;
  #hasWarnedOfMisfit = false;
  #hasChange = false;

  private constructor(parts: PipelineParts) {
    this.#parts = parts;
    const { explanations, settings, log } = parts;
    if (explanations === undefined || settings.explain === undefined) return;
    const { directory } = settings.explain;
    this.#drawings = new DrawingQueue({ explanations, directory, log });
  }

  /**
   * @param storage undefined: the background begins with the first frame, and no state is kept
   * @throws {UsageError} the mask or the directory of `--explain` cannot be used @throws {OperationalError} STATE
   */
  static async open(
    settings: PipelineSettings,
    storage: StateStorage | undefined,
    log: Log,
  ): Promise<DetectionPipeline> {
    const { maskPath, explain } = settings;
    const mask = maskPath === undefined ? undefined : await loadMask(maskPath);
    const explanations = explain && (await openExplanations(explain));
    const state = settings.all ? undefined : storage?.state;
    const kept = state && storage && (await loadState(state, storage, log));
    const bufferedFrames =
      state && storage && (await openBufferedFrames(settings, state, storage, log));
    const buffered = kept && (await bufferedFrames?.read(kept.recorder.buffered));
    // Without a folder for buffered frames, each frame is decided in this run.
    const hasNoBuffer = state !== undefined && bufferedFrames === undefined;
    const rules = hasNoBuffer ? { ...settings.selection, before: 0 } : settings.selection;
    const recorder = new EventRecorder<CapturedFrame>(rules, kept?.recorder.state, buffered);
    const detector = new MotionDetector({ ...settings, mask }, kept?.detector);
    return new DetectionPipeline({
      settings,
      mask,
      detector,
      recorder,
      state,
      bufferedFrames,
      explanations,
      log,
    });
  }

  /**
   * Takes the next frame.
   * @returns the frames that are decided now, buffered ones included, in the order of capture
   * @throws {OperationalError} FRAME: the frame cannot be decoded. MASK: the mask excludes the whole picture
   */
  process(frame: CapturedFrame): readonly Decided<CapturedFrame>[] {
    const { settings, detector, recorder } = this.#parts;
    const { jpeg, capturedAtMs } = frame;
    this.#hasChange = settings.all;
    if (settings.all) return [{ frame, verdict: sendAll }];
    const picture = decodeSmall(jpeg);
    this.#warnOfMisfit(picture);
    const detection = detector.detect(picture, capturedAtMs);
    this.#hasChange = detection.kind === 'change' || detection.kind === 'scene';
    this.#suggestMask(detection, capturedAtMs, picture);
    this.#explain(frame, picture, detection);
    return recorder.push(frame, capturedAtMs, detection, jpeg.length);
  }

  /** Whether the last frame had a change. */
  get hasChange(): boolean {
    return this.#hasChange;
  }

  /** Decides on the remaining buffered frames, after the last frame. */
  finish(): readonly Decided<CapturedFrame>[] {
    return this.#parts.recorder.finish();
  }

  /** Stores the state for the next run, atomically. @throws {OperationalError} STATE */
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
    await this.#drawings?.close();
  }

  #explain(frame: CapturedFrame, picture: SmallPicture, detection: Detection): void {
    const { explanations, settings, detector } = this.#parts;
    if (explanations === undefined) return;
    const { capturedAtMs } = frame;
    const facts = { stem: stemOf(frame), capturedAtMs, picture };
    const drawing = explanations.select(facts, detection, detector.lastCellMap);
    if (drawing === undefined && settings.explain?.form !== 'strip') return;
    this.#drawings?.push(drawing, capturedAtMs);
  }

  #suggestMask(detection: Detection, capturedAtMs: number, picture: SmallPicture): void {
    const box = this.#persistentMotion.update(detection, capturedAtMs, picture);
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

/** The receiver's name for the frame, in UTC. */
function stemOf({ capturedAtMs }: CapturedFrame): string {
  return clockedPath('', { capturedAtMs, utcOffsetMinutes: 0 }).stem;
}

/** @returns undefined: there is no state, or it cannot be used, which is logged @throws {OperationalError} STATE */
async function loadState(
  state: StateDirectory,
  { spools }: StateStorage,
  log: Log,
): Promise<KeptState | undefined> {
  const bytes = await state.read(stateName);
  const kept = bytes === undefined ? undefined : decodeState(bytes);
  if (typeof kept === 'string') {
    log.warn('starting with a new background: the kept state cannot be used', { reason: kept });
    return undefined;
  }
  if (kept === undefined) return undefined;
  const { buffered } = kept.recorder;
  const areSpooled = await Promise.all(
    buffered.map(({ capturedAtMs, frame }) => spools.holds(capturedAtMs, frame)),
  );
  if (!areSpooled.includes(true)) return kept;
  const unspooled = buffered.filter((_, index) => areSpooled[index] === false);
  const corrected = { ...kept, recorder: { ...kept.recorder, buffered: unspooled } };
  // Written before delivery: a delivered frame leaves the spool, and nothing else records that it was sent.
  await state.write(stateName, encodeState(corrected));
  return corrected;
}

/** @returns undefined: no frame needs to be buffered, or the folder cannot be used, which is logged */
async function openBufferedFrames(
  { selection }: PipelineSettings,
  state: StateDirectory,
  { runtimeDirectory }: StateStorage,
  log: Log,
): Promise<BufferedFrames | undefined> {
  if (selection.before === 0 && selection.minDurationMs === 0) return undefined;
  try {
    return await BufferedFrames.open(runtimeDirectory, state.path, log);
  } catch (error) {
    log.warn('cannot buffer frames for the next run', { error });
    return undefined;
  }
}

/** @throws {UsageError} the file does not exist or is not a usable PNG */
export async function loadMask(path: string): Promise<Mask> {
  const { readMask } = await import('./mask-png.js');
  try {
    return readMask(await readFile(path));
  } catch (cause) {
    // A mask is configuration, so an error in it is a usage error.
    throw new UsageError(`--mask ${path}: ${describeError(cause)}`);
  }
}

/** The drawings of `--explain`; makes their directory when it is missing. @throws {UsageError} */
export async function openExplanations(settings: ExplanationSettings): Promise<Explanations> {
  const { directory } = settings;
  try {
    // mkdir with `recursive` does not return for a folder of a file system such as /proc.
    await makeDirectories(directory);
  } catch (cause) {
    throw new UsageError(`--explain ${directory}: ${describeError(cause)}`);
  }
  const { Explanations } = await import('./explanations.js');
  return new Explanations(settings);
}
