/**
 * The agent's motion detector and event recorder, fed with stored frames.
 * Pure.
 */
import type { SmallPicture } from '../detect/grid.js';
import { MotionDetector, type CellMap, type DetectorSettings } from '../detect/motion-detector.js';
import { type Decided, EventRecorder, type RecorderSettings } from '../events/event-recorder.js';
import type { Verdict } from '../events/verdict.js';

export type TrialSettings = DetectorSettings & RecorderSettings;

/** A stored frame, and what became of it. */
export interface Outcome {
  /** The file's name, without its folder. */
  readonly name: string;
  readonly capturedAtMs: number;
  /** Reading apart, what it took to look at the frame, milliseconds. */
  ms: number;
  /** Undefined: not decided yet, or passed over. */
  verdict?: Verdict;
  /** Why it was passed over: it cannot be looked at. */
  error?: string;
}

export class Trial {
  readonly #detector: MotionDetector;
  readonly #recorder: EventRecorder<Outcome>;
  /** Frames whose fate is open, and those after them. */
  readonly #waiting: Outcome[] = [];

  constructor(settings: TrialSettings) {
    this.#detector = new MotionDetector(settings);
    this.#recorder = new EventRecorder<Outcome>(settings);
  }

  /** How the last verdict came about; undefined before there was one. */
  get lastCellMap(): CellMap | undefined {
    return this.#detector.lastCellMap;
  }

  /**
   * @param byteCount of the JPEG: how many frames are held depends on it
   * @returns true when something that does not belong is in view
   * @throws {OperationalError} MASK: it leaves nothing to look at
   */
  take(outcome: Outcome, picture: SmallPicture, byteCount: number): boolean {
    const detection = this.#detector.detect(picture, outcome.capturedAtMs);
    this.#waiting.push(outcome);
    note(this.#recorder.push(outcome, outcome.capturedAtMs, detection, byteCount));
    return detection.kind === 'change' || detection.kind === 'scene';
  }

  /** A frame that cannot be looked at: the agent passes it over, but its turn comes like any other's. */
  pass(outcome: Outcome): void {
    this.#waiting.push(outcome);
  }

  /** What has been decided, in the order of the frames; a frame waits for those before it. */
  decided(): Outcome[] {
    const isOpen = ({ verdict, error }: Outcome) => verdict === undefined && error === undefined;
    const open = this.#waiting.findIndex(isOpen);
    return this.#waiting.splice(0, open < 0 ? this.#waiting.length : open);
  }

  /** There are no more frames: decides on those that were held. */
  finish(): Outcome[] {
    note(this.#recorder.finish());
    return this.decided();
  }
}

function note(decided: readonly Decided<Outcome>[]): void {
  for (const { frame, verdict } of decided) frame.verdict = verdict;
}
