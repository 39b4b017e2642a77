/** What the sessions know of the store: frames, holes and camera names in, acknowledgements out. */
import type { FrameMoment } from '../../shared/protocol/frame-path.js';
import type { SequenceRange, WireVerdict } from '../../shared/protocol/messages.js';
import type { CameraClaim, CameraLock } from './camera-lock.js';
import type { FrameId } from './record-line.js';

/** What a camera sends and a record holds. */
interface Received extends FrameMoment {
  /** A checked camera name: it becomes a folder. */
  readonly camera: string;
  readonly receivedAtMs: number;
}

export interface FrameToStore extends Received {
  readonly jpeg: Buffer;
  /** Of `jpeg`, hex digits. */
  readonly sha256: string;
  /** What names the frame for ever; undefined for a raw frame, which is never taken for a repeat. */
  readonly id: FrameId | undefined;
  /** Undefined for a raw frame. */
  readonly verdict: WireVerdict | undefined;
}

export interface StoredFrame {
  /** Relative to the captures directory, with `/`. */
  readonly name: string;
  /** True when the frame was there already; it is on the disk all the same. */
  readonly duplicate: boolean;
}

/** Frames that a camera's agent had to drop: a hole in its record. */
export interface Gap extends Received {
  readonly id: FrameId;
  readonly count: number;
  readonly lastCapturedAtMs: number;
  readonly why: string;
  /** Which frames of the epoch; undefined: the agent does not say. */
  readonly sequences?: readonly SequenceRange[] | undefined;
}

export interface FrameStore {
  /** Random id of the captures directory, 32 hex digits, made once. */
  readonly id: string;
  /**
   * Notes a hole durably. One that says the same is a duplicate; one that says something else under the same
   * id is another hole.
   * @throws {OperationalError} STORE: it is not noted; worth trying again
   */
  note(hole: Gap): Promise<StoredFrame>;
  /**
   * Stores a frame durably.
   * @throws {OperationalError} STORE: it is not stored; worth trying again
   */
  put(frame: FrameToStore): Promise<StoredFrame>;
  /**
   * Gives a camera's name to one epoch, over all processes that use this directory.
   * @returns undefined when another epoch has it
   * @throws {OperationalError} STORE
   */
  lock(claim: CameraClaim): Promise<CameraLock | undefined>;
  /** Flushes the records. Never rejects. */
  close(): Promise<void>;
}
