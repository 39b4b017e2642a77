/** A store that captures are copied into. */
import type { Erasure } from '../../store/erasures.js';
import type { StoredCaptures } from '../../store/stored-captures.js';

export interface FrameToCopy {
  /** Relative to the store. */
  readonly path: string;
  readonly jpeg: Buffer;
  /** Of `jpeg`, hex digits. */
  readonly sha256: string;
  /** See `frameKey`; undefined: the record does not say which frame it is. */
  readonly key: string | undefined;
}

/** What a store has under the path of a frame; `deleted`: it was deleted there on purpose. */
export type Held = 'nothing' | 'the same' | 'other bytes' | 'deleted';

export interface CopyTarget extends StoredCaptures {
  /** Reads what is stored. @param sha256 of the frame that is looked for @throws {OperationalError} STORE */
  holds(path: string, sha256: string): Promise<Held>;
  /** Adds a frame, never over another one. @returns what was there @throws {OperationalError} STORE */
  addFrame(frame: FrameToCopy): Promise<Held>;
  /** Resolves when the frames of a day are there durably. @throws {OperationalError} STORE */
  flush(day: string): Promise<void>;
  /** Adds lines to a day's record, durably. @param lines whole lines @throws {OperationalError} STORE */
  addLines(day: string, lines: Buffer): Promise<void>;
  /** @throws {OperationalError} STORE */
  addErasure(erasure: Erasure): Promise<void>;
}
