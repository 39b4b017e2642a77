/** Reads the JPEG of a frame: its path comes from the record, and its bytes have the recorded hash. */
import { createHash } from 'node:crypto';
import { systemCode } from '../../../shared/cli/errors.js';
import type { Folder } from '../../store/folder.js';
import { readFrameFile } from '../../store/read-frame-file.js';
import { QueryError } from './query-error.js';
import { frameAtLine } from './record-lines.js';

/** Larger than any frame that a receiver with default limits takes. */
const maxBytes = 64 * 1024 * 1024;

/**
 * @param sha256 as the frame's address has it
 * @throws {QueryError} `gone`: the line is another one now, or the file is deleted; a system error;
 *   {OperationalError} STORE: a link or not a regular file
 */
export async function readFrame(folder: Folder, lineAt: number, sha256: string): Promise<Buffer> {
  const entry = await frameAtLine(folder, lineAt);
  if (entry?.sha256 !== sha256) {
    throw new QueryError('gone', 'the record has no such frame any more: load the page again');
  }
  const bytes = await readFile(folder, entry.name);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    const hint = 'receiver verify says more';
    throw new QueryError('gone', `${entry.name} is not the file that was recorded: ${hint}`);
  }
  return bytes;
}

async function readFile(folder: Folder, name: string): Promise<Buffer> {
  try {
    return await readFrameFile(folder, name, maxBytes);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new QueryError('gone', `${name} was deleted`);
  }
}
