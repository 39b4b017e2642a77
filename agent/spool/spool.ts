/**
 * The ports between judge and uplink. The judge's side puts frames into the outbox; each receiver's uplink
 * takes them from a spool of its own, and its acknowledgements empty that spool and no other.
 */
import type { WireVerdict } from '../../shared/protocol/messages.js';
import type { Entry, EntryHeader } from './entry.js';

export interface FrameToSend {
  readonly jpeg: Buffer;
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly verdict: WireVerdict;
}

export interface Outbox {
  /**
   * Takes a frame to be sent to every receiver. When it resolves the frame waits in every spool, on the disk
   * where there is one, or its loss is counted there. A frame that an earlier process added, and that waits
   * still, waits once.
   * @returns the SHA-256 of the JPEG, 64 hex digits
   */
  add(frame: FrameToSend): Promise<string>;
}

/** An entry that waits, without its contents. */
export interface WaitingEntry {
  /** The spool's counter, from 1, no holes. */
  readonly sequence: number;
  readonly kind: EntryHeader['type'];
  /** Bytes of the body, or some more. */
  readonly byteCount: number;
}

export interface Spool {
  /** Random id of this spool's life; with the camera and the sequence it names a frame for ever. */
  readonly epoch: string;
  readonly waitingCount: number;
  /** Whether the entry with this sequence waits. */
  has(sequence: number): boolean;
  /** Whether an entry waits that `isMeant` says yes to. */
  hasWaiting(isMeant: (entry: WaitingEntry) => boolean): boolean;
  /** The next entry in the order of sending; undefined when every one that waits is busy or cannot be read now. */
  next(isBusy: (entry: WaitingEntry) => boolean): WaitingEntry | undefined;
  /**
   * An entry that waits. From now on it is in flight, and no limit drops it.
   * @returns undefined when it is damaged, which is told and counted, or cannot be read now: it waits on
   */
  load(sequence: number): Promise<Entry | undefined>;
  /** What was loaded is not sent: the limits may drop it again. */
  unload(sequence: number): void;
  /** The receiver has it on its disk: it waits no longer. */
  acknowledge(sequence: number): Promise<void>;
  /** A frame that the receiver will never take: it waits no longer, and is kept aside where there is a disk. */
  reject(sequence: number, why: string): Promise<void>;
  /** The connection is over: nothing is in flight any more. */
  release(): void;
  /** Calls `listener` whenever something new waits. */
  onAdded(listener: () => void): void;
}

/** What becomes of the frames that wait when the process ends. */
export interface SpoolRest {
  /** They wait on the disk. */
  readonly onDisk: number;
  /** They waited in memory and are lost. */
  readonly lost: number;
  /** True when what is lost is noted on the disk, for the receiver. */
  readonly isRecorded: boolean;
}
