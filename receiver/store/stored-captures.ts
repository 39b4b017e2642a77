/**
 * What a store holds, for what reads it: cameras, their days, the frames and the record of each day. Paths are relative
 * to the store, with `/`, and the same in every store: one can be copied into another. Pure.
 */
import { clockedPath } from '../../shared/protocol/frame-path.js';
import type { Erasure } from './erasures.js';

export interface StoredFile {
  /** File name in its day. */
  readonly name: string;
  readonly byteCount: number;
}

/** A stretch of a camera's local time: milliseconds as if its zone were UTC. */
export interface NameRange {
  readonly fromLocalMs: number;
  /** The first moment after it. */
  readonly toLocalMs: number;
}

export interface StoredCaptures {
  /** Names of cameras that have a day, sorted. @throws {OperationalError} STORE */
  cameras(): Promise<readonly string[]>;
  /**
   * A camera's days, sorted, those of frames without a clock last: `yard/2026_11_22`, `yard/unclocked/2026_11_22`.
   * @throws {OperationalError} STORE
   */
  days(camera: string): Promise<readonly string[]>;
  /**
   * The frames of a day that were captured in a range, sorted by name. Frames without a clock are in no range.
   * @throws {OperationalError} STORE
   */
  frames(day: string, range?: NameRange): Promise<readonly StoredFile[]>;
  /** @returns undefined: there is no such frame @throws {OperationalError} STORE */
  readFrame(path: string): Promise<Buffer | undefined>;
  /**
   * The record of a day, whole lines; a line may occur twice with the same meaning.
   * @returns empty: it has none @throws {OperationalError} STORE
   */
  readRecord(day: string): Promise<Buffer>;
  /** Stretches of a camera that were erased, in the order in which they were. @throws {OperationalError} STORE */
  erasures(camera: string): Promise<readonly Erasure[]>;
}

/** The start of the names of frames that were captured at a local time: `2026_11_22_08_30_15_123`. */
export function nameStartAt(localMs: number): string {
  const { stem } = clockedPath('', { capturedAtMs: localMs, utcOffsetMinutes: 0 });
  return stem.slice(0, -'+0000'.length);
}

/** Whether a frame's name is in a range. */
export function isInRange(name: string, range: NameRange | undefined): boolean {
  if (range === undefined) return true;
  return nameStartAt(range.fromLocalMs) <= name && name < nameStartAt(range.toLocalMs);
}
