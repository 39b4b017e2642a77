/** The contents of the disks of both sides, read without the programs' code: names and bytes. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { clockedPath, parseFrameName } from '../../shared/protocol/frame-path.js';
import { type Tally, count } from './camera.js';
import { ballastName } from './disk.js';
import { type Report, reportOf } from './report-book.js';
import { headerIn, jpegIn } from './spool-entry.js';

export interface StoredFile {
  /** Relative to the captures directory. */
  readonly name: string;
  readonly sha256: string;
  /** Why it is not a whole JPEG. */
  readonly damage: string | undefined;
}

export interface RecordedFrame {
  /** (epoch, sequence) of the frame. */
  readonly id: string;
  /** Relative to the captures directory. */
  readonly name: string;
}

/** A gap entry. */
export interface Gap {
  /** (epoch, sequence) of the entry itself. */
  readonly id: string;
  readonly epoch: string;
  readonly count: number;
  readonly why: string;
  /** The sequences of its frames in the epoch; undefined: an entry without them. */
  readonly sequences: readonly (readonly [number, number])[] | undefined;
}

export interface Captures {
  readonly stored: readonly StoredFile[];
  /** Gaps that the agent reported. */
  readonly gaps: readonly Gap[];
  readonly reports: readonly Report[];
  /** Each line of a frame in the records. */
  readonly recorded: readonly RecordedFrame[];
  readonly unfinished: readonly string[];
  readonly unexpected: readonly string[];
}

/** A frame in a spool. */
export interface SpooledFrame {
  /** (epoch, sequence), from its name and its folder. */
  readonly id: string;
  readonly sha256: string;
}

export interface SpoolContents {
  readonly waiting: readonly SpooledFrame[];
  readonly rejected: readonly SpooledFrame[];
  /** Gap entries that still wait. */
  readonly gaps: readonly Gap[];
  readonly reports: readonly Report[];
  readonly unfinished: readonly string[];
}

export function readCaptures(directory: string): Captures {
  const stored: StoredFile[] = [];
  const unfinished: string[] = [];
  const unexpected: string[] = [];
  const recorded: RecordedFrame[] = [];
  const gaps = new Map<string, Gap>();
  const reports: Report[] = [];
  for (const name of filesIn(directory)) {
    const base = name.split('/').at(-1) ?? '';
    const path = join(directory, name);
    if (name.includes('/.incoming/') && base.endsWith('.part')) unfinished.push(name);
    else if (base === 'record.jsonl') {
      for (const line of linesOf(path)) {
        const id = `${String(line.epoch)} ${String(line.sequence)}`;
        if ('report' in line) reports.push(reportOf(String(line.epoch), id, line));
        else if (typeof line.count === 'number') gaps.set(id, gapOf(String(line.epoch), id, line));
        else if (typeof line.epoch === 'string') {
          recorded.push({ id, name: `${dirname(name)}/${fileOf(line)}` });
        }
      }
    } else if (
      parseFrameName(base) !== undefined ||
      /\/unclocked\/([\d_]+\/)?[^/]+\.jpg$/.test(name)
    ) {
      const bytes = readFileSync(path);
      stored.push({ name, sha256: sha256Of(bytes), damage: findJpegDamage(bytes) });
    } else if (!name.split('/').some((part) => part.startsWith('.'))) unexpected.push(name);
  }
  return { stored, gaps: [...gaps.values()], reports, recorded, unfinished, unexpected };
}

/** The file of a frame's line: where its name follows from the moment, the line does not have it. */
function fileOf({ name, captured, offset }: Readonly<Record<string, unknown>>): string {
  if (typeof name === 'string') return name;
  const moment = { capturedAtMs: Number(captured), utcOffsetMinutes: Number(offset) };
  return `${clockedPath('', moment).stem}.jpg`;
}

/** Whether every frame is stored as often as it is in the tally. */
export function holdsAll({ stored }: Captures, wanted: Tally): boolean {
  const found: Tally = new Map();
  for (const { sha256 } of stored) count(found, sha256);
  return [...wanted].every(([sha256, times]) => (found.get(sha256) ?? 0) >= times);
}

/** How many frames and gap entries wait in the state directory of a running agent, by file names. */
export function countWaiting(directory: string): number {
  return filesIn(directory).filter((name) => /^spool\/[^/]+\/\d+\.(jpg|dropped)$/.test(name))
    .length;
}

/** @param directory the state directory of an agent that has ended */
export function readSpool(directory: string): SpoolContents {
  const files = filesIn(directory);
  const entriesIn = (pattern: RegExp): { id: string; epoch: string; bytes: Buffer }[] =>
    files.flatMap((name) => {
      const [, folder = '', digits] = pattern.exec(name) ?? [];
      if (digits === undefined) return [];
      const epoch = readFileSync(join(directory, folder, 'epoch'), 'utf8').trim();
      const id = `${epoch} ${Number(digits)}`;
      return [{ id, epoch, bytes: readFileSync(join(directory, name)) }];
    });
  const framesIn = (pattern: RegExp): SpooledFrame[] =>
    entriesIn(pattern).map(({ id, bytes }) => ({ id, sha256: sha256Of(jpegIn(bytes)) }));
  return {
    waiting: framesIn(/^(.*spool\/[^/]+)\/(\d+)\.jpg$/),
    rejected: framesIn(/^(.*spool\/[^/]+)\/rejected\/(\d+)\.jpg$/),
    gaps: entriesIn(/^(.*spool\/[^/]+)\/(?:rejected\/)?(\d+)\.dropped$/).map(
      ({ id, epoch, bytes }) => gapOf(epoch, id, headerIn(bytes)),
    ),
    reports: entriesIn(/^(.*spool\/[^/]+)\/(\d+)\.report$/).map(({ id, epoch, bytes }) =>
      reportOf(epoch, id, headerIn(bytes)),
    ),
    unfinished: files.filter((name) => name.endsWith('.part')),
  };
}

/** Parses a gap from a line of a record, a message or an entry of the spool. */
export function gapOf(epoch: string, id: string, note: Readonly<Record<string, unknown>>): Gap {
  const sequences = Array.isArray(note.sequences)
    ? (note.sequences as [number, number][])
    : undefined;
  return { id, epoch, count: Number(note.count), why: String(note.why), sequences };
}

export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ballastName)
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/** Skips an incomplete last line. */
function linesOf(path: string): Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
