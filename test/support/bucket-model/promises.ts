/** What a bucket has after a schedule, and what of it breaks a promise. */
import {
  type RecordLine,
  isEntry,
  readRecordLine,
} from '../../../receiver/archive/record-entry.js';
import { BucketCaptures } from '../../../receiver/store/s3/bucket-captures.js';
import { isErased } from '../../../receiver/store/erasures.js';
import type { MemoryS3 } from './memory-s3.js';
import { type Acknowledged, type Model, labelOf, maxAgeMs } from './model.js';

export interface Found {
  /** By the label of their frame: keys of objects that have its bytes. */
  readonly frames: ReadonlyMap<string, readonly string[]>;
  /** By the label of their entry. */
  readonly lines: ReadonlyMap<string, readonly RecordLine[]>;
  /** Lines that are of no entry. */
  readonly notes: readonly RecordLine[];
}

export async function lookAt(model: Model, bucket: MemoryS3): Promise<Found> {
  const captures = new BucketCaptures(model.client('look', undefined, bucket));
  const frames = new Map<string, string[]>();
  const lines = new Map<string, RecordLine[]>();
  const notes: RecordLine[] = [];
  for (const [key, { body }] of bucket.objects) {
    const [, epoch, sequence] = /^a picture of (\S+) (\d+)/.exec(body.toString('latin1')) ?? [];
    if (epoch !== undefined) push(frames, labelOf({ epoch, sequence: Number(sequence) }), key);
  }
  for (const day of await captures.days('yard')) {
    const texts = (await captures.readRecord(day)).toString().split('\n');
    for (const text of texts.filter((each) => each !== '')) {
      const line = readRecordLine(text);
      if (line === undefined) throw new Error(`no line of a record: ${text}`);
      if (!isEntry(line)) notes.push(line);
      else push(lines, labelOf({ epoch: line.epoch ?? '', sequence: line.sequence ?? 0 }), line);
    }
  }
  return { frames, lines, notes };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** @returns what breaks a promise, as sentences */
export function brokenPromises(model: Model, found: Found): string[] {
  return [...model.acknowledged.values()].flatMap((each) => brokenOf(model, found, each));
}

function brokenOf(model: Model, found: Found, acknowledged: Acknowledged): string[] {
  const { entry, name } = acknowledged;
  const { label } = entry;
  const there = found.frames.get(label) ?? [];
  const lines = found.lines.get(label) ?? [];
  const isNoted = found.notes.some((note) => tellsOf(note, acknowledged));
  if (lines.length > 1) return [`${label} has ${lines.length} lines`];
  if (there.length > 1) return [`${label} is stored as ${there.join(' and ')}`];
  if (entry.kind !== 'frame') {
    return lines.length === 0 && !isNoted ? [`the line of ${label} is lost`] : [];
  }
  if (isErased(model.erasures, entry.frame)) {
    if (there.length > 0) return [`${label} is erased, and there`];
    return lines.length > 0 ? [`${label} is erased, and has its line`] : [];
  }
  if (there.length > 0) return lines.length === 0 ? [`${label} has no line`] : [];
  const mayGo = entry.frame.capturedAtMs < model.schedule.nowMs - maxAgeMs;
  if (!mayGo) return [`${label} is lost`];
  if (model.kept.has(name) && !model.unkept.has(name)) return [`${label} is kept, and lost`];
  return isNoted ? [] : [`${label} is gone, and no line says so`];
}

/** Whether a line says that the entry is gone on purpose. */
function tellsOf(note: RecordLine, { entry, name }: Acknowledged): boolean {
  const { epoch, sequence } = entry.id;
  if (note.kind === 'summary') {
    return note.entries.some(
      (of) =>
        of.epoch === epoch &&
        of.ranges.some(([first, last]) => first <= sequence && sequence <= last),
    );
  }
  if (note.kind === 'late') return note.epoch === epoch && note.sequence === sequence;
  return note.kind === 'deleted' && note.names.includes(name.slice(name.lastIndexOf('/') + 1));
}
