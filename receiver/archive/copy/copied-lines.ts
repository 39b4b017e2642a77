/**
 * Which lines of a day's record are to be copied. A copy deletes nothing: what the source has deleted since an earlier
 * copy stays in the target, and is not recorded as deleted there. Pure.
 */
import { frameKey } from '../../store/record-line.js';
import type { Erasure } from '../../store/erasures.js';
import { type DeletedNote, noteLine } from '../../store/store-note.js';
import type { FrameEntry } from '../frame-entry.js';
import { type RecordLine, isEntry, readRecordLine } from '../record-entry.js';
import { HeldEntries } from './held-entries.js';

export interface RecordedFrame {
  readonly sha256: string;
  readonly key: string | undefined;
  readonly entry: FrameEntry;
}

/** What a record says about the frames of its day, by name. */
export interface RecordedFrames {
  readonly frames: ReadonlyMap<string, RecordedFrame>;
  readonly deleted: ReadonlySet<string>;
}

/** @param record whole lines */
export function framesIn(record: Buffer): RecordedFrames {
  const frames = new Map<string, RecordedFrame>();
  const deleted = new Set<string>();
  for (const text of linesOf(record)) {
    const line = readRecordLine(text);
    if (line?.kind === 'frame') {
      const { name, sha256, epoch, sequence, capturedAtMs } = line;
      const isNamed = epoch !== undefined && sequence !== undefined;
      const key = isNamed ? frameKey({ epoch, sequence }, capturedAtMs) : undefined;
      frames.set(name, { sha256, key, entry: line });
    } else if (line?.kind === 'deleted') for (const name of line.names) deleted.add(name);
  }
  return { frames, deleted };
}

/** What is copied, and what there is in the target. */
export interface CopiedRecord {
  /** The record that is copied: whole lines. */
  readonly source: Buffer;
  /** What the record of the target has. */
  readonly target: Buffer;
  /** Sizes of the frames of the target, by name. */
  readonly kept: ReadonlyMap<string, number>;
  /** Names of frames that the next copy takes. */
  readonly left?: ReadonlySet<string>;
  /** Of the camera, in the target. */
  readonly erasures?: readonly Erasure[];
}

/** @returns whole lines; all of the source where the target has no record */
export function linesToCopy(record: CopiedRecord): Buffer {
  const { source, target, kept, left = new Set(), erasures = [] } = record;
  const known = new Set(linesOf(target));
  let isWhole = known.size === 0;
  const held = heldEntries(target, erasures);
  const lines = linesOf(source).flatMap((text) => {
    if (known.has(text)) return [];
    const line = readRecordLine(text);
    const isLeft = line?.kind === 'frame' && left.has(line.name);
    const copied = isLeft ? undefined : lineToCopy(text, line, held, kept);
    if (copied !== `${text}\n`) isWhole = false;
    return copied === undefined || known.has(copied.trimEnd()) ? [] : [copied];
  });
  // An empty line stays too: the same bytes.
  return isWhole ? source : Buffer.from(lines.join(''), 'latin1');
}

/** @returns with its line end; undefined: the target has it, or does not take it */
function lineToCopy(
  text: string,
  line: RecordLine | undefined,
  held: HeldEntries,
  kept: ReadonlyMap<string, number>,
): string | undefined {
  if (line?.kind === 'summary') return held.restOf(line, text);
  if (line?.kind === 'deleted') return withoutKept(line, kept);
  if (line === undefined || !isEntry(line)) return `${text}\n`;
  if (held.isGone(line)) return undefined;
  if (line.kind !== 'frame' || !held.isErased(line) || kept.has(line.name)) return `${text}\n`;
  const { camera, epoch, sequence, capturedAtMs, receivedAtMs: atMs = capturedAtMs } = line;
  // As a receiver does with a frame of an erased stretch.
  return epoch === undefined || sequence === undefined || camera === undefined
    ? undefined
    : noteLine({ kind: 'late', camera, atMs, epoch, sequence, capturedAtMs });
}

/** @param record of the target */
export const heldEntries = (record: Buffer, erasures: readonly Erasure[]): HeldEntries =>
  new HeldEntries(
    linesOf(record).flatMap((text) => readRecordLine(text) ?? []),
    erasures,
  );

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
