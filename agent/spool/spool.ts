/**
 * The ports between detection and uplink. The watch loop adds frames to the outbox. Each receiver has its own spool:
 * its uplink sends the entries of that spool, and its acknowledgements remove them.
 */
import type { Destination } from '../../shared/cli/address.js';
import type { WireVerdict } from '../../shared/protocol/messages.js';
import type { SpooledFrame } from '../source/frame-source.js';
import type { Entry, EntryHeader } from './entry.js';

export interface FrameToSend {
  readonly jpeg: Buffer;
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly verdict: WireVerdict;
  /** Called once every receiver has acknowledged the frame; never when a limit or a refusal drops it anywhere. */
  readonly onDelivered?: (() => void) | undefined;
}

export interface Outbox {
  /**
   * Adds a frame for every receiver. When it resolves, the frame waits in every spool (on the disk, unless the spool
   * is in memory), or a gap entry counts it. A frame that an earlier process added and that still waits is not added
   * again.
   */
  add(frame: FrameToSend): Promise<SpooledFrame>;
}

/** Metadata of a waiting entry. */
export interface WaitingEntry {
  /** The spool's counter, from 1, without gaps. */
  readonly sequence: number;
  readonly kind: EntryHeader['type'];
  /** Size of the body, bytes; for an entry on the disk the size of its file, which is a little larger. */
  readonly byteCount: number;
}
export type EntryKind = WaitingEntry['kind'];

export interface Spool {
  /** Random id of this spool's life: camera, epoch and sequence identify a frame. */
  readonly epoch: string;
  /** Number of waiting frames and gap entries, without reports. */
  readonly waitingCount: number;
  /** Whether the entry with this sequence waits. */
  has(sequence: number): boolean;
  /** Whether a waiting entry matches that is not held back. */
  hasWaiting(matches: (entry: WaitingEntry) => boolean): boolean;
  /** The next entry in the order of sending; undefined: all waiting entries are busy or cannot be read now. */
  next(isBusy: (entry: WaitingEntry) => boolean): WaitingEntry | undefined;
  /**
   * Reads a waiting entry. It is in flight from now on: no limit drops it.
   * @returns undefined: it is damaged, which is logged and counted, or it cannot be read now and still waits
   */
  load(sequence: number): Promise<Entry | undefined>;
  /** The loaded entry is not in flight any more: the limits may drop it again. */
  unload(sequence: number): void;
  /** The receiver has the entry on its disk: removes it. */
  acknowledge(sequence: number): Promise<void>;
  /** The receiver refused the frame for good: removes it, and sets it aside if the spool is on a disk. */
  reject(sequence: number, why: string): Promise<void>;
  /** The connection is closed: no entry is in flight any more. */
  release(): void;
  /** Calls `listener` after each added frame, and when reports can be sent. */
  onAdded(listener: () => void): void;
}

/** The reports for one receiver that are not in its spool yet: they enter it while a receiver takes them. */
export interface PendingReports {
  /** A receiver that takes reports is connected, or is not any more. */
  setTaken(isTaken: boolean): void;
  /** Whether more of them are about to enter the spool on this connection. */
  readonly isMoving: boolean;
  /** Whether they are worth a connection when no frame waits, as in a one-shot run. */
  readonly isDue: boolean;
  /** The receiver has acknowledged an entry. */
  acknowledged(): void;
  /** A connection was tried: they are not due any more. */
  tried(): void;
}

/** The spools of all receivers, as the uplinks use them. */
export interface Spools {
  /** @throws {Error} there is no spool for this destination: a bug */
  spoolFor(destination: Destination): Spool;
  /**
   * Stores the id of the receiver that answers at a destination.
   * @returns orphaned spools with entries for the same receiver; each has its own epoch, so it is delivered on its
   *   own connection
   */
  noteReceiver(destination: Destination, receiverId: string): Promise<readonly Spool[]>;
}

/** The frames that wait when the process ends. */
export interface CloseResult {
  /** Number of frames that wait on the disk. */
  readonly onDisk: number;
  /** Number of frames that waited in memory and are lost. */
  readonly lost: number;
  /** True: gap entries on the disk count the lost frames. */
  readonly isRecorded: boolean;
}
