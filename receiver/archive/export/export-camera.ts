/** Copies a stretch of a camera's local time: frames, the lines about them, its public key, and a page. */
import { createHash, randomInt } from 'node:crypto';
import { counted } from '../../../shared/cli/humanize.js';
import { describeError } from '../../../shared/cli/errors.js';
import { unclockedFolder } from '../../../shared/protocol/frame-path.js';
import type { EarlierKey } from '../../access/keys/earlier-key.js';
import { runAhead } from '../../store/at-once.js';
import { recordName } from '../../store/day-record.js';
import { wideHashOf } from '../../store/hash-table.js';
import type { LocalRange } from '../camera-zone.js';
import type { FrameEntry } from '../frame-entry.js';
import { type RecordLine, isEntry, readRecordLine } from '../record-entry.js';
import { CheckEndedError } from '../verify/check-threads.js';
import type { DayFolder, VerifySource } from '../verify/day-folder.js';
import { exportFactsName } from '../verify/export-facts.js';
import { rawLines } from '../verify/raw-lines.js';
import { type PageFacts, pageEnd, pageHead, pagePicture } from './export-page.js';
import type { ExportSink } from './export-sink.js';
import { NumbersElsewhere } from './numbers-elsewhere.js';
import { hasArrivedIn, isSelected } from './selection.js';

/** Frames that are named on the page as left out; further ones are counted. */
const maxNamed = 1000;
/** Frames that are read before their turn: each takes a while from an object store. */
const loadsAhead = 8;

export interface ExportWish {
  readonly camera: string;
  readonly range: LocalRange;
  /** For the page. */
  readonly page: Pick<PageFacts, 'from' | 'to' | 'exportedAt' | 'fingerprint' | 'earlier'>;
  /** PEM; undefined: none is known. */
  readonly publicKey: string | undefined;
  /** That the camera had before: what it signed then is proven by them alone. */
  readonly earlierKeys?: readonly Pick<EarlierKey, 'name' | 'pem'>[];
}

export interface Exported {
  readonly frames: number;
  readonly bytes: number;
  readonly lines: number;
  /** Frames that are recorded and were not copied, with the reason; not those that were deleted. */
  readonly broken: readonly string[];
  readonly brokenCount: number;
  readonly deleted: number;
  /** Frames of a camera without a clock that arrived in the stretch: they are not copied. */
  readonly unclocked: number;
}

/** @throws a system error of the captures or of the sink */
export async function exportCamera(
  source: VerifySource,
  sink: ExportSink,
  wish: ExportWish,
): Promise<Exported> {
  const exporting = new Exporting(source, sink, wish);
  await exporting.copyDays();
  await exporting.writeRest();
  return exporting.result();
}

class Exporting {
  readonly #source: VerifySource;
  readonly #sink: ExportSink;
  readonly #wish: ExportWish;
  readonly #broken: string[] = [];
  /** Hashes of the paths of frames that were copied. */
  readonly #copied = new Set<number>();
  readonly #seed = randomInt(2 ** 32 - 1);
  readonly #elsewhere = new NumbersElsewhere();
  #brokenCount = 0;
  #frames = 0;
  #bytes = 0;
  #lines = 0;
  #deleted = 0;
  #unclocked = 0;

  constructor(source: VerifySource, sink: ExportSink, wish: ExportWish) {
    this.#source = source;
    this.#sink = sink;
    this.#wish = wish;
  }

  result(): Exported {
    return {
      ...{ frames: this.#frames, bytes: this.#bytes, lines: this.#lines, deleted: this.#deleted },
      ...{ broken: this.#broken, brokenCount: this.#brokenCount, unclocked: this.#unclocked },
    };
  }

  async copyDays(): Promise<void> {
    await this.#days(async (day) => {
      const { texts, frames, deleted, arrived } = await this.#read(day);
      for (const name of arrived) if (!deleted.has(name)) this.#unclocked += 1;
      const there = frames.filter(({ name }) => !deleted.has(name));
      this.#deleted += frames.length - there.length;
      for await (const loaded of runAhead(there, loadsAhead, (frame) => load(day, frame))) {
        await this.#copyFrame(loaded);
      }
      if (texts.length === 0) return;
      this.#lines += texts.length;
      // The bytes as they were: a character is a byte.
      const all = Buffer.from(texts.map((text) => `${text}\n`).join(''), 'latin1');
      await this.#sink.write(`${day.path}/${recordName}`, all);
    });
  }

  async writeRest(): Promise<void> {
    const { camera, publicKey, earlierKeys = [], page } = this.#wish;
    if (publicKey !== undefined) await this.#sink.write(`${camera}.pem`, Buffer.from(publicKey));
    for (const { name, pem } of earlierKeys) await this.#sink.write(name, Buffer.from(pem));
    const facts = { 'picchanged-export': 1, camera, ...page, elsewhere: this.#elsewhere.within() };
    await this.#sink.write(exportFactsName, Buffer.from(`${JSON.stringify(facts)}\n`));
    await this.#sink.writeParts('index.html', (put) => this.#writePage(put));
  }

  async #copyFrame({ frame, path, jpeg, fault }: LoadedFrame): Promise<void> {
    if (fault !== undefined) {
      // The others can be read.
      this.#addBroken(path, fault);
      return;
    }
    if (jpeg === undefined) this.#addBroken(path, 'its file is missing');
    else if (createHash('sha256').update(jpeg).digest('hex') !== frame.sha256) {
      this.#addBroken(path, 'its bytes are not those of the record');
    } else {
      await this.#sink.write(path, jpeg, frame.capturedAtMs);
      this.#copied.add(this.#hash(path));
      this.#frames += 1;
      this.#bytes += jpeg.length;
    }
  }

  #addBroken(path: string, why: string): void {
    this.#brokenCount += 1;
    if (this.#broken.length < maxNamed) this.#broken.push(`${path}: ${why}`);
  }

  /** Its lines as they are; each frame once, by the last line of its file, in the order of time. */
  async #read(day: DayFolder) {
    const texts: string[] = [];
    const frames = new Map<string, FrameEntry>();
    const deleted = new Set<string>();
    const arrived = new Set<string>();
    await eachLine(day, (line, text) => {
      if ((line.camera ?? day.camera) !== day.camera) return;
      const isIn = !day.isUnclocked && isSelected(line, this.#wish.range);
      if (isEntry(line)) this.#elsewhere.add(line, isIn);
      if (day.isUnclocked && hasArrivedIn(line, this.#wish.range)) arrived.add(line.name);
      if (day.isUnclocked && line.kind === 'deleted') addAll(deleted, line.names);
      if (!isIn) return;
      texts.push(text);
      if (line.kind === 'frame') frames.set(line.name, line);
      if (line.kind === 'deleted') addAll(deleted, line.names);
    });
    const sorted = [...frames.values()].sort((a, b) => a.capturedAtMs - b.capturedAtMs);
    return { texts, frames: sorted, deleted, arrived };
  }

  /** The days of the stretch, those before it with a gap that reaches into it, and those without a clock. */
  #days(act: (day: DayFolder) => Promise<void>): Promise<void> {
    const { camera, range } = this.#wish;
    const earliest = dayName(range.fromLocalMs - maxGapMs);
    const [first, last] = [dayName(range.fromLocalMs), dayName(range.toLocalMs - 1)];
    return this.#source.days(
      camera,
      async (day) => {
        const name = day.path.slice(day.path.lastIndexOf('/') + 1);
        if (!day.isUnclocked && (name < earliest || name > last)) return;
        if (day.isUnclocked || name >= first || (await this.#reachesIn(day))) await act(day);
      },
      () => undefined,
    );
  }

  #hash(path: string): number {
    return wideHashOf(path, this.#seed);
  }

  async #reachesIn(day: DayFolder): Promise<boolean> {
    let reaches = false;
    await eachLine(day, (line) => {
      reaches ||=
        (line.kind === 'gap' || line.kind === 'report') && isSelected(line, this.#wish.range);
    });
    return reaches;
  }

  async #writePage(put: (part: Buffer) => Promise<void>): Promise<void> {
    const { camera, page } = this.#wish;
    const more = this.#brokenCount - this.#broken.length;
    const leftOut = [
      ...this.#broken,
      ...(more > 0 ? [`and ${more} more`] : []),
      ...(this.#deleted > 0
        ? [
            `${this.#deleted} pictures that were deleted before this export; their lines are in the record`,
          ]
        : []),
      ...(this.#unclocked > 0 ? [unclockedText(camera, this.#unclocked)] : []),
    ];
    await put(Buffer.from(pageHead({ camera, ...page, frames: this.#frames, leftOut })));
    await this.#days(async (day) => {
      const { frames } = await this.#read(day);
      for (const { name, capturedAtMs, utcOffsetMinutes, event } of frames) {
        const path = `${day.path}/${name}`;
        // A receiver may append meanwhile: the page has what was copied.
        if (!this.#copied.has(this.#hash(path))) continue;
        await put(Buffer.from(pagePicture({ path, capturedAtMs, utcOffsetMinutes, event })));
      }
    });
    await put(Buffer.from(pageEnd));
  }
}

interface LoadedFrame {
  readonly frame: FrameEntry;
  readonly path: string;
  /** Undefined: there is none. */
  readonly jpeg?: Buffer | undefined;
  /** Why it cannot be read. */
  readonly fault?: string;
}

async function load(day: DayFolder, frame: FrameEntry): Promise<LoadedFrame> {
  const path = `${day.path}/${frame.name}`;
  try {
    return { frame, path, jpeg: await day.bytesOf(frame.name) };
  } catch (error) {
    if (error instanceof CheckEndedError) throw error;
    return { frame, path, fault: describeError(error) };
  }
}

/** Where the frames are that only their arrival places in a stretch of time. */
export const unclockedText = (camera: string, count: number): string =>
  `${counted(count, 'frame')} arrived in this stretch from a camera without a clock, and the time of their capture is ` +
  `not known: they are in ${unclockedFolder(camera)} of the captures directory`;

function addAll(set: Set<string>, names: readonly string[]): void {
  for (const name of names) set.add(name);
}

/** A gap is in the day of its first frame, and may last for days. */
const maxGapMs = 31 * 86_400_000;

async function eachLine(
  day: DayFolder,
  act: (line: RecordLine, text: string) => void,
): Promise<void> {
  const record = await day.openRecord();
  if (record === undefined) return;
  try {
    for await (const lines of rawLines(record)) {
      for (const { text, isWhole } of lines) {
        const line = text === undefined || !isWhole ? undefined : readRecordLine(text);
        if (line !== undefined && text !== undefined) act(line, text);
      }
    }
  } finally {
    await record.close();
  }
}

const dayName = (localMs: number): string =>
  new Date(localMs).toISOString().slice(0, 10).replaceAll('-', '_');
