/** What a spool reports: dropped frames, failures of the disk, and files that it does not use. */
import type { DropReason } from '../../shared/protocol/messages.js';

export interface SpoolReport {
  /** Frames were dropped. */
  dropped(count: number, why: DropReason): void;
  /** The disk failed; `event` names the operation. */
  failed(event: string, error: unknown): void;
  /** The operation that failed with `event` works again. */
  worked(event: string, message: string): void;
  /** A file is not a spool file; it is not touched. */
  foreign(path: string): void;
  /** A spool has entries, and its `--host` is not configured any more. */
  orphaned(folder: string, waitingCount: number): void;
}
