/** Reads single lines of a record by their positions, which its day index has. */
import { constants, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { systemCode } from '../../../shared/cli/errors.js';
import type { FrameEntry } from '../../archive/frame-entry.js';
import { readRecordLine } from '../../archive/record-entry.js';
import { recordName } from '../../store/day-record.js';
import type { Folder } from '../../store/folder.js';

/** Longer than most lines; longer than any line of a receiver. */
const [firstBytes, maxBytes] = [1024, 64 * 1024];
const lineEnd = 0x0a;

/**
 * The frames whose lines start at the given positions; undefined in place of one where no frame's line starts: the
 * record was replaced.
 * @throws a system error; {OperationalError} STORE: the record is a link or not a regular file
 */
export async function framesAtLines(
  folder: Folder,
  positions: readonly number[],
): Promise<(FrameEntry | undefined)[]> {
  let file: FileHandle;
  try {
    file = await folder.openFile(recordName, constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return positions.map(() => undefined);
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafe(maxBytes);
    // Each call copies some hundred bytes from the page cache: the thread pool takes ten times as long.
    return positions.map((position) => {
      const line = lineOf(file.fd, position, buffer);
      const entry = line === undefined ? undefined : readRecordLine(line);
      return entry?.kind === 'frame' ? entry : undefined;
    });
  } finally {
    await file.close();
  }
}

/** As `framesAtLines`, for one. */
export async function frameAtLine(
  folder: Folder,
  position: number,
): Promise<FrameEntry | undefined> {
  const [frame] = await framesAtLines(folder, [position]);
  return frame;
}

function lineOf(fd: number, position: number, buffer: Buffer): string | undefined {
  for (const wanted of [firstBytes, maxBytes]) {
    const bytesRead = readSync(fd, buffer, 0, wanted, position);
    const end = buffer.subarray(0, bytesRead).indexOf(lineEnd);
    if (end >= 0) return buffer.toString('latin1', 0, end);
    if (bytesRead < wanted) return undefined;
  }
  return undefined;
}
