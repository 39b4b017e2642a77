/** What lies on the disks of the two sides, read as anybody could read it: names and bytes. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { findJpegDamage } from '../../shared/jpeg-splitter.js';
import { parseFrameName } from '../../shared/frame-path.js';
import { type Tally, count } from './camera.js';
import { ballastName } from './disk.js';
import { jpegIn } from './spool-entry.js';

export interface StoredFile {
  /** Relative to the captures directory. */
  readonly name: string;
  readonly sha256: string;
  /** What keeps it from being a whole JPEG. */
  readonly damage: string | undefined;
}

export interface RecordedFrame {
  /** (epoch, sequence), which names a frame for ever. */
  readonly id: string;
  /** Relative to the captures directory. */
  readonly name: string;
}

export interface Captures {
  readonly stored: readonly StoredFile[];
  /** Frames that the agent reported as dropped. */
  readonly droppedCount: number;
  /** Each line of the records that tells of a frame. */
  readonly recorded: readonly RecordedFrame[];
  readonly unfinished: readonly string[];
  readonly unexpected: readonly string[];
}

export interface SpoolContents {
  readonly waiting: readonly string[];
  readonly rejected: readonly string[];
  /** Notes of dropped frames that still wait. */
  readonly droppedNotes: number;
  readonly unfinished: readonly string[];
}

export function readCaptures(directory: string): Captures {
  const stored: StoredFile[] = [];
  const unfinished: string[] = [];
  const unexpected: string[] = [];
  const recorded: RecordedFrame[] = [];
  const holes = new Map<string, number>();
  for (const name of filesIn(directory)) {
    const base = name.split('/').at(-1) ?? '';
    const path = join(directory, name);
    if (name.includes('/.incoming/') && base.endsWith('.part')) unfinished.push(name);
    else if (base === 'record.jsonl') {
      for (const line of linesOf(path)) {
        const id = `${String(line.epoch)} ${String(line.sequence)}`;
        if (typeof line.count === 'number') holes.set(id, line.count);
        else if (typeof line.name === 'string') {
          recorded.push({ id, name: `${dirname(name)}/${line.name}` });
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
  const droppedCount = [...holes.values()].reduce((sum, count) => sum + count, 0);
  return { stored, droppedCount, recorded, unfinished, unexpected };
}

/** Whether every frame is stored as often as it is in the tally. */
export function holdsAll({ stored }: Captures, wanted: Tally): boolean {
  const found: Tally = new Map();
  for (const { sha256 } of stored) count(found, sha256);
  return [...wanted].every(([sha256, times]) => (found.get(sha256) ?? 0) >= times);
}

/** How many frames and notes wait in an agent's state directory, by their names: they come and go meanwhile. */
export function countWaiting(directory: string): number {
  return filesIn(directory).filter((name) => /^spool\/[^/]+\/\d+\.(jpg|dropped)$/.test(name))
    .length;
}

/** @param directory the state directory of an agent that has ended */
export function readSpool(directory: string): SpoolContents {
  const files = filesIn(directory);
  const framesIn = (pattern: RegExp): string[] =>
    files
      .filter((name) => pattern.test(name))
      .map((name) => sha256Of(jpegIn(readFileSync(join(directory, name)))));
  return {
    waiting: framesIn(/(^|\/)spool\/[^/]+\/\d+\.jpg$/),
    rejected: framesIn(/\/rejected\/[^/]+\.jpg$/),
    droppedNotes: files.filter((name) => /\/\d+\.dropped$/.test(name)).length,
    unfinished: files.filter((name) => name.endsWith('.part')),
  };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ballastName)
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/** The last line may be half there: a record is evidence, not the frames. */
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
