/** The lines of a record as they are, one after the other, in bounded memory. */
import type { OpenBytes } from './day-folder.js';

/** As the receiver: a longer line is unknown. */
const pieceBytes = 64 * 1024;
const lineEnd = 0x0a;

export interface RawLine {
  /** Latin-1: a character is a byte. Undefined: longer than any line of a receiver. */
  readonly text: string | undefined;
  /** From 1. */
  readonly number: number;
  /** Position of its first byte. */
  readonly atByte: number;
  /** False: the last one, without its line end. */
  readonly isWhole: boolean;
}

/** Empty lines are left out. @throws a system error */
export async function* rawLines(file: OpenBytes): AsyncGenerator<RawLine[]> {
  const { size: endByte } = file;
  const piece = Buffer.allocUnsafe(pieceBytes);
  let [atByte, number, longAt] = [0, 0, -1];
  while (atByte < endByte) {
    const wanted = Math.min(pieceBytes, endByte - atByte);
    const bytesRead = await file.read(piece.subarray(0, wanted), atByte);
    if (bytesRead === 0) return; // truncated meanwhile
    const end = piece.lastIndexOf(lineEnd, bytesRead - 1) + 1;
    if (end === 0) {
      if (atByte + bytesRead >= endByte) {
        const isLong = longAt >= 0 || bytesRead === pieceBytes;
        const text = isLong ? undefined : piece.toString('latin1', 0, bytesRead);
        yield [{ text, number: number + 1, atByte: longAt < 0 ? atByte : longAt, isWhole: false }];
        return;
      }
      // A short read of a file that is longer: not whole yet, or a line that is too long.
      if (bytesRead === pieceBytes) longAt = longAt < 0 ? atByte : longAt;
      atByte += bytesRead;
      continue;
    }
    const lines: RawLine[] = [];
    let start = 0;
    if (longAt >= 0) {
      number += 1;
      lines.push({ text: undefined, number, atByte: longAt, isWhole: true });
      start = piece.indexOf(lineEnd) + 1;
      longAt = -1;
    }
    for (const text of piece.toString('latin1', start, Math.max(start, end - 1)).split('\n')) {
      if (start >= end) break;
      number += 1;
      if (text !== '') lines.push({ text, number, atByte: atByte + start, isWhole: true });
      start += text.length + 1;
    }
    yield lines;
    atByte += end;
  }
}
