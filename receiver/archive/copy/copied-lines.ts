/**
 * Which lines of a day's record are to be copied. A copy deletes nothing: what the source has deleted since an earlier
 * copy stays in the target, and is not recorded as deleted there. Pure.
 */
import { frameKey } from '../../store/record-line.js';
import { type DeletedNote, type SummaryNote, noteLine } from '../../store/store-note.js';
import { readRecordLine } from '../record-entry.js';

/** What a record says about the frames of its day, by name. */
export interface RecordedFrames {
  readonly frames: ReadonlyMap<
    string,
    { readonly sha256: string; readonly key: string | undefined }
  >;
  readonly deleted: ReadonlySet<string>;
}

/** @param record whole lines */
export function framesIn(record: Buffer): RecordedFrames {
  const frames = new Map<string, { sha256: string; key: string | undefined }>();
  const deleted = new Set<string>();
  for (const text of linesOf(record)) {
    const line = readRecordLine(text);
    if (line?.kind === 'frame') {
      const { name, sha256, epoch, sequence, capturedAtMs } = line;
      const isNamed = epoch !== undefined && sequence !== undefined;
      const key = isNamed ? frameKey({ epoch, sequence }, capturedAtMs) : undefined;
      frames.set(name, { sha256, key });
    } else if (line?.kind === 'deleted') for (const name of line.names) deleted.add(name);
  }
  return { frames, deleted };
}

/**
 * @param source the record that is copied
 * @param target what the record of the target has
 * @param kept sizes of the frames of the target, by name
 * @returns whole lines; all of the source where the target has no record
 */
export function linesToCopy(
  source: Buffer,
  target: Buffer,
  kept: ReadonlyMap<string, number>,
): Buffer {
  const known = new Set(linesOf(target));
  const isFirst = known.size === 0;
  const lines = linesOf(source).flatMap((text) => {
    const line = known.has(text) ? undefined : readRecordLine(text);
    if (known.has(text) || (line?.kind === 'summary' && hasOf(line, known))) return [];
    if (line?.kind !== 'deleted') return [`${text}\n`];
    const note = withoutKept(line, kept);
    return note === undefined || known.has(note.trimEnd()) ? [] : [note];
  });
  // An empty line stays too: the same bytes.
  const isWhole = isFirst && lines.length === linesOf(source).length;
  return isWhole && !hasKept(source, kept) ? source : Buffer.from(lines.join(''), 'latin1');
}

/** Whether the target has lines that a summary stands for, or a summary with some of them. @param known of the target */
function hasOf(summary: SummaryNote, known: ReadonlySet<string>): boolean {
  const isOf = (epoch: string, first: number, last: number): boolean =>
    summary.entries.some(
      (each) =>
        each.epoch === epoch && each.ranges.some(([from, to]) => from <= last && first <= to),
    );
  return [...known].some((text) => {
    const line = readRecordLine(text);
    if (line?.kind === 'summary') {
      return line.entries.some(({ epoch, ranges }) =>
        ranges.some(([first, last]) => isOf(epoch, first, last)),
      );
    }
    if (line?.kind !== 'frame' && line?.kind !== 'gap' && line?.kind !== 'report') return false;
    const { epoch, sequence } = line;
    return epoch !== undefined && sequence !== undefined && isOf(epoch, sequence, sequence);
  });
}

function hasKept(record: Buffer, kept: ReadonlyMap<string, number>): boolean {
  return [...framesIn(record).deleted].some((name) => kept.has(name));
}

/** @returns undefined: all of its frames are kept */
function withoutKept(note: DeletedNote, kept: ReadonlyMap<string, number>): string | undefined {
  const names = note.names.filter((name) => !kept.has(name));
  if (names.length === 0) return undefined;
  const keptBytes = note.names.reduce((sum, name) => sum + (kept.get(name) ?? 0), 0);
  return noteLine({ ...note, names, byteCount: Math.max(0, note.byteCount - keptBytes) });
}

// Latin-1: a character is a byte, and the bytes of a line are copied as they are.
const linesOf = (record: Buffer): string[] =>
  record
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
