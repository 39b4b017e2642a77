/** The agent's motion detector and event recorder for stored frames. Pure. */
import type { SmallPicture } from '../detect/grid.js';
import { MotionDetector, type CellMap, type DetectorSettings } from '../detect/motion-detector.js';
import { type Decided, EventRecorder, type RecorderSettings } from '../events/event-recorder.js';
import type { Detection, Verdict } from '../events/verdict.js';

export type TrialSettings = DetectorSettings & RecorderSettings;

/** A stored frame and its verdict. */
export interface Outcome {
  /** The file's name, without its folder. */
  readonly name: string;
  readonly capturedAtMs: number;
  /** Time to decode and analyse the frame, without reading it, milliseconds. */
  ms: number;
  /** Undefined: not decided yet, or skipped. */
  verdict?: Verdict;
  /** Why the frame was skipped: it cannot be decoded. */
  error?: string;
}

export class Trial {
  readonly #detector: MotionDetector;
  readonly #recorder: EventRecorder<Outcome>;
  /** Undecided frames, and those after them. */
  readonly #waiting: Outcome[] = [];

  constructor(settings: TrialSettings) {
    this.#detector = new MotionDetector(settings);
    this.#recorder = new EventRecorder<Outcome>(settings);
  }

  /** Cell map of the last detection; undefined when that frame was the first of its size. */
  get lastCellMap(): CellMap | undefined {
    return this.#detector.lastCellMap;
  }

  /**
   * @param byteCount size of the JPEG: the buffer of frames before an event is limited in bytes
   * @returns the detection; `lastCellMap` is of the same frame
   * @throws {OperationalError} MASK: the mask excludes the whole picture
   */
  take(outcome: Outcome, picture: SmallPicture, byteCount: number): Detection {
    const detection = this.#detector.detect(picture, outcome.capturedAtMs);
    this.#waiting.push(outcome);
    note(this.#recorder.push(outcome, outcome.capturedAtMs, detection, byteCount));
    return detection;
  }

  /** Adds a frame that cannot be decoded: it is skipped, and reported in order with the others. */
  pass(outcome: Outcome): void {
    this.#waiting.push(outcome);
  }

  /** The frames that are decided, in order; a frame waits for those before it. */
  decided(): Outcome[] {
    const isOpen = ({ verdict, error }: Outcome) => verdict === undefined && error === undefined;
    const open = this.#waiting.findIndex(isOpen);
    return this.#waiting.splice(0, open < 0 ? this.#waiting.length : open);
  }

  /** Decides the frames that are still buffered; to be called after the last frame. */
  finish(): Outcome[] {
    note(this.#recorder.finish());
    return this.decided();
  }
}

function note(decided: readonly Decided<Outcome>[]): void {
  for (const { frame, verdict } of decided) frame.verdict = verdict;
}
