/** Records of a camera made of any entries, in folders as a receiver writes them, for tests of queries. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { onTestFinished } from 'vitest';
import { ArchiveQueries } from '../../../../receiver/web/queries/archive-queries.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { frameLine, reportLine } from '../../../../receiver/store/record-line.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { clockedPath } from '../../../../shared/protocol/frame-path.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { temporaryDirectory } from '../../../support/temporary.js';

export const epoch = '0123456789abcdef0123456789abcdef';
export const startMs = Date.UTC(2026, 10, 20, 10);

export interface GivenFrame {
  /** Minutes after `startMs`, with fractions. */
  readonly atMs: number;
  readonly utcOffsetMinutes: number;
  readonly event: string | undefined;
  readonly changed: boolean;
  readonly strength: number | undefined;
  /** Its line is written so often. */
  readonly lines: number;
  readonly isDeleted: boolean;
  readonly isKept: boolean;
}

const hourMs = 3_600_000;

/** Frames in any order over some days, in two zones, with repeated lines. Each millisecond has one frame. */
export const givenFrames = fc.uniqueArray(
  fc.record({
    atMs: fc.integer({ min: startMs, max: startMs + 60 * hourMs }),
    utcOffsetMinutes: fc.constantFrom(0, 0, 0, 120),
    event: fc.constantFrom(undefined, 'a', 'b'),
    changed: fc.boolean(),
    strength: fc.option(
      fc.integer({ min: 0, max: 40 }).map((n) => n / 4),
      { nil: undefined },
    ),
    lines: fc.constantFrom(1, 1, 1, 2),
    isDeleted: fc.constantFrom(false, false, false, true),
    isKept: fc.constantFrom(false, false, false, true),
  }),
  { selector: ({ atMs }) => atMs, maxLength: 60 },
);

export interface MadeFrame extends GivenFrame {
  readonly sequence: number;
  readonly name: string;
  readonly day: string;
}

export class MadeRecords {
  readonly directory = temporaryDirectory();
  readonly frames: MadeFrame[] = [];
  readonly #firstSequence: number;

  constructor(firstSequence = 1) {
    this.#firstSequence = firstSequence;
  }

  /** Appends the lines of frames; deleted and kept ones have their notes. */
  add(given: readonly GivenFrame[]): void {
    for (const frame of given) {
      const { atMs: capturedAtMs, utcOffsetMinutes } = frame;
      const path = clockedPath('yard', { capturedAtMs, utcOffsetMinutes });
      const sequence = this.frames.length + this.#firstSequence;
      const name = `${path.stem}.jpg`;
      const { event, changed, strength } = frame;
      const verdict = {
        reason: changed ? 'change' : 'before',
        ratio: 0.1,
        boxes: [],
        event,
      } as const;
      const text = frameLine({
        ...{ camera: 'yard', id: { epoch, sequence }, name, capturedAtMs, utcOffsetMinutes },
        ...{ byteCount: 10, size: { widthPx: 64, heightPx: 48 }, sha256: hashOf(sequence) },
        receivedAtMs: capturedAtMs + 10,
        verdict: { ...verdict, changed, ...(strength !== undefined && { strength }) },
      });
      const notes: string[] = [];
      const common = { camera: 'yard', atMs: capturedAtMs, names: [name] } as const;
      if (frame.isKept) notes.push(noteLine({ ...common, kind: 'kept', note: `why ${sequence}` }));
      if (frame.isDeleted) {
        notes.push(noteLine({ ...common, kind: 'deleted', why: 'max-age', byteCount: 10 }));
      }
      this.append(path.folder, text.repeat(frame.lines) + notes.join(''));
      this.frames.push({ ...frame, sequence, name, day: path.folder });
    }
  }

  /** A report of the minute that ends at a moment. */
  report(
    toMs: number,
    sequence: number,
    state: 'watching' | 'failing' | 'off',
    lengthMs = 60_000,
  ): void {
    const report = {
      ...{ fromMs: toMs - lengthMs, toMs, utcOffsetMinutes: 0, state, everyMs: 60_000, ended: [] },
      ...{ compared: 60, changed: 0, skipped: 0, waiting: 0, dropped: 0 },
    };
    const { folder } = clockedPath('yard', { capturedAtMs: toMs - 1, utcOffsetMinutes: 0 });
    const text = reportLine({
      ...{ camera: 'yard', id: { epoch, sequence }, report, utcOffsetMinutes: 0 },
      ...{ capturedAtMs: toMs - 1, receivedAtMs: toMs + 50, clockErrorMs: undefined },
    });
    this.append(folder, text);
  }

  append(folder: string, text: string): void {
    mkdirSync(join(this.directory, folder), { recursive: true });
    appendFileSync(join(this.directory, folder, 'record.jsonl'), text);
  }

  async queries(nowMs = startMs + 100 * hourMs): Promise<ArchiveQueries> {
    const captures = await Folder.open(this.directory);
    onTestFinished(() => captures.close());
    return new ArchiveQueries(captures, undefined, new FakeClock(nowMs));
  }

  /** What is not deleted, in the order of time. */
  get there(): MadeFrame[] {
    return this.frames.filter((each) => !each.isDeleted).sort((a, b) => a.atMs - b.atMs);
  }
}

export const hashOf = (sequence: number): string => sequence.toString(16).padStart(64, '0');
