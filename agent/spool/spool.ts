/** The port between judge and uplink: frames that were decided to be sent and are not yet acknowledged. */
import type { WireVerdict } from '../../shared/protocol/messages.js';

export interface FrameToSend {
  readonly jpeg: Buffer;
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly verdict: WireVerdict;
}

/** A frame that waits: what its header says, without the picture. */
export interface WaitingFrame extends Omit<FrameToSend, 'jpeg'> {
  /** The spool's counter, from 1, no holes. */
  readonly sequence: number;
  /** SHA-256 of the JPEG, 64 hex digits. */
  readonly sha256: string;
  readonly byteCount: number;
}

export interface Spool {
  /** Random id of this spool's life; with the camera and the sequence it names a frame for ever. */
  readonly epoch: string;
  readonly waitingCount: number;
  /** Frames dropped because the spool's limit was reached, since its life began. */
  readonly droppedCount: number;
  /** Takes a frame to be sent. When it resolves the frame waits, and a frame that had to go was counted. */
  add(frame: FrameToSend): Promise<void>;
  /** The oldest frame that waits and is not in `except`; undefined when there is none. */
  oldest(except: { has(sequence: number): boolean }): WaitingFrame | undefined;
  /** The picture of a frame that waits; undefined when it was dropped meanwhile. */
  load(sequence: number): Promise<Buffer | undefined>;
  /** The receiver has it on its disk: it waits no longer. */
  acknowledge(sequence: number): Promise<void>;
  /** It will never be taken: it waits no longer, and is kept aside where there is a disk for it. */
  reject(sequence: number, why: string): Promise<void>;
  /** Calls `listener` after each frame added. */
  onAdded(listener: () => void): void;
}
