/** Reads the JPEG of a frame: its path comes from the record, and its bytes have the recorded hash. */
import { createHash } from 'node:crypto';
import type { Folder } from '../../store/folder.js';
import type { FrameSource } from './frame-source.js';
import { QueryError } from './query-error.js';
import { frameAtLine } from './record-lines.js';

/** Larger than any frame that a receiver with default limits takes. */
const maxBytes = 64 * 1024 * 1024;

/** A frame by the address that the API has given it. */
export interface FrameAddress {
  /** `yard/2026_11_22` */
  readonly day: string;
  readonly lineAt: number;
  readonly sha256: string;
}

/**
 * @throws {QueryError} `gone`: the line is another one now, or the file is deleted; a system error;
 *   {OperationalError} STORE: a link or not a regular file
 */
export async function readFrame(
  frames: FrameSource,
  folder: Folder,
  { day, lineAt, sha256 }: FrameAddress,
): Promise<Buffer> {
  const entry = await frameAtLine(folder, lineAt);
  if (entry?.sha256 !== sha256) {
    throw new QueryError('gone', 'the record has no such frame any more: load the page again');
  }
  const bytes = await frames.read({ folder, day, entry }, maxBytes);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    const hint = 'receiver verify says more';
    throw new QueryError('gone', `${entry.name} is not the file that was recorded: ${hint}`);
  }
  return bytes;
}
