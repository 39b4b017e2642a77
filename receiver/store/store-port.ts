/** The store's interface for sessions: frames, gaps, reports and camera names in, acknowledgements out. */
import type { FrameMoment } from '../../shared/protocol/frame-path.js';
import type { SequenceRange, WireVerdict } from '../../shared/protocol/messages.js';
import type { ReportHeader } from '../../shared/protocol/report-header.js';
import type { CameraClaim, CameraLock } from './camera-lock.js';
import type { Evidence, FrameId } from './record-line.js';

/** Common to frames, gaps and reports; their moment is the folder's day. */
interface Received extends FrameMoment {
  /** A valid camera name: it is used as a folder name. */
  readonly camera: string;
  readonly receivedAtMs: number;
  /** Undefined: the camera does not sign. */
  readonly evidence?: Evidence | undefined;
}

export interface FrameToStore extends Received {
  readonly jpeg: Buffer;
  /** Of `jpeg`, hex digits. */
  readonly sha256: string;
  /** Undefined for a raw frame, which never counts as a repeat. */
  readonly id: FrameId | undefined;
  /** Undefined for a raw frame. */
  readonly verdict: WireVerdict | undefined;
}

export interface StoredFrame {
  /** Relative to the captures directory, with `/`. */
  readonly name: string;
  /** True when the frame was stored before; it is on the disk in either case. */
  readonly duplicate: boolean;
}

/** Frames that a camera's agent dropped. */
export interface Gap extends Received {
  readonly id: FrameId;
  readonly count: number;
  readonly lastCapturedAtMs: number;
  readonly why: string;
  /** Sequences of the frames in the epoch; undefined: not sent by an agent of 0.1. */
  readonly sequences?: readonly SequenceRange[] | undefined;
}

/** What a camera did in a stretch of time. Its moment is the last one of the stretch. */
export interface Report extends Received {
  readonly id: FrameId;
  readonly report: Omit<ReportHeader, 'type'>;
  /** The camera's clock minus the receiver's; undefined: they agree. */
  readonly clockErrorMs: number | undefined;
}

export interface FrameStore {
  /** Random id of the captures directory, 32 hex digits, made once. */
  readonly id: string;
  /**
   * Records a gap durably. One with the same content is a duplicate; one with the same id and other content is
   * another gap.
   * @throws {OperationalError} STORE: it is not recorded; a retry may succeed
   */
  recordGap(gap: Gap): Promise<StoredFrame>;
  /** Records a report durably, as a gap. @throws {OperationalError} STORE: it is not recorded; a retry may succeed */
  recordReport(report: Report): Promise<StoredFrame>;
  /**
   * Stores a frame durably.
   * @throws {OperationalError} STORE: it is not stored; a retry may succeed
   */
  put(frame: FrameToStore): Promise<StoredFrame>;
  /**
   * Gives a camera's name to one epoch, over all processes that use this directory.
   * @returns undefined when another epoch holds it
   * @throws {OperationalError} STORE
   */
  lock(claim: CameraClaim): Promise<CameraLock | undefined>;
  /** Flushes the records. Never rejects. */
  close(): Promise<void>;
}
