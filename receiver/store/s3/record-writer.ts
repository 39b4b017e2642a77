/**
 * What a receiver writes into the records of a bucket (bucket-record.ts), and what it asks them. A line is in the bucket
 * before its entry is acknowledged. Lines that wait for the same day share an object; a process joins its small objects
 * into larger ones.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { CoalescedTask } from '../coalesced-task.js';
import { recordName } from '../day-record.js';
import { RecordIndex } from '../record-index.js';
import { readLines } from '../record-line.js';
import { type StoreNote, noteLine } from '../store-note.js';
import { changesAgain, maxReads, newestBase, piecesFolder, readBase } from './bucket-record.js';
import type { S3Client } from './s3-client.js';

/** Small objects of a process that are joined into one. */
const joinedPieces = 64;
const maxDays = 1000;
/** What a receiver knows of a day's base is at most so old. */
export const baseMaxAgeMs = 10 * 60_000;

interface Piece {
  readonly key: string;
  readonly text: string;
}

interface KnownDay {
  readonly atMs: number;
  readonly reading: Promise<{ readonly index: RecordIndex; readonly baseNumber: number }>;
}

export class BucketRecords {
  readonly #client: S3Client;
  readonly #clock: Clock;
  readonly #writer = randomBytes(4).toString('hex');
  #pieceCount = 0;
  /** By day, least recently used first. */
  readonly #known = new Map<string, KnownDay>();
  readonly #days = new Map<string, DayWriter>();
  readonly #removals = new Set<Promise<void>>();
  readonly #onAdded: (day: string, piece: string) => void;

  /** @param onAdded called when an object with lines of a day is in the bucket */
  constructor(
    client: S3Client,
    clock: Clock = systemClock,
    onAdded: (day: string, piece: string) => void = () => undefined,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#onAdded = onAdded;
  }

  /**
   * What the objects of a day say that stand for others: the record that was copied here, and the base. Entries that are
   * not in them have an object of their own, which a conditional write meets.
   * @throws {OperationalError} STORE
   */
  async indexOf(day: string): Promise<RecordIndex> {
    const known = this.#known.get(day);
    const nowMs = this.#clock.monotonicMs();
    if (known !== undefined && nowMs - known.atMs < baseMaxAgeMs)
      return (await known.reading).index;
    const reading = this.#readIndex(day, known);
    const next = { atMs: nowMs, reading };
    this.#known.set(day, next);
    reading.catch(() => {
      if (this.#known.get(day) === next) this.#known.delete(day);
    });
    dropOldest(this.#known);
    return (await reading).index;
  }

  /** Resolves when the line is in the bucket. @param line with its line end @throws {OperationalError} STORE */
  append(day: string, line: string): Promise<void> {
    let writer = this.#days.get(day);
    if (writer === undefined) {
      writer = new DayWriter({
        write: (text, joined) => this.#write(day, text, joined),
        stillThere: (pieces) => this.#stillThere(day, pieces),
      });
      this.#days.set(day, writer);
      dropOldest(this.#days);
    }
    return writer.append(line);
  }

  /** Resolves when these lines are in the bucket, in an object of their own. @throws {OperationalError} STORE */
  async add(day: string, lines: Buffer): Promise<void> {
    await this.#write(day, lines.toString(), []);
  }

  /**
   * Puts a line into the bucket that is there once: that of an entry without a file.
   * @param key the same for each repeat of the entry
   * @returns false: it was there before @throws {OperationalError} STORE
   */
  async addOnce(day: string, key: string, line: string): Promise<boolean> {
    const name = entryName(key);
    const isNew = await this.#client.putNew(pieceKey(day, name), Buffer.from(line));
    this.#onAdded(day, name);
    return isNew;
  }

  /** @throws {OperationalError} STORE */
  async has(day: string, key: string): Promise<boolean> {
    return (await this.#client.head(pieceKey(day, entryName(key)))) !== undefined;
  }

  /** Small objects that were written are not joined: lines of theirs were taken out of the record. */
  forgetPieces(): void {
    this.#days.clear();
  }

  /** Waits for what runs in the background. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals);
  }

  async #readIndex(day: string, known: KnownDay | undefined): KnownDay['reading'] {
    const before = await known?.reading;
    for (let attempt = 1; attempt <= maxReads; attempt += 1) {
      const baseNumber = await newestBase(this.#client, day);
      if (before?.baseNumber === baseNumber) return before;
      const base = await readBase(this.#client, day, baseNumber);
      // There is a newer one.
      if (base === undefined) continue;
      const index = new RecordIndex();
      const copied = await this.#client.get(`${day}/${recordName}`);
      const texts = [...(copied === undefined ? [] : [copied.toString('latin1')]), base.text];
      for (const text of texts) readLines(text, (each) => index.add(each));
      return { index, baseNumber };
    }
    throw changesAgain(this.#client, day);
  }

  /** Others were compacted by another process, which may have taken lines out: they are not written again. */
  async #stillThere(day: string, pieces: readonly Piece[]): Promise<readonly Piece[]> {
    const keys = new Set<string>();
    const start = `${day}/${piecesFolder}/l-${this.#writer}-`;
    for await (const { key } of this.#client.list(start)) keys.add(key);
    return pieces.filter(({ key }) => keys.has(key));
  }

  /** @param joined objects that the new one stands for: they are removed */
  async #write(day: string, text: string, joined: readonly Piece[]): Promise<Piece> {
    this.#pieceCount += 1;
    const number = String(this.#pieceCount).padStart(9, '0');
    const name = `l-${this.#writer}-${number}`;
    const key = pieceKey(day, name);
    // False: an earlier attempt has written it. No other process has this key.
    await this.#client.putNew(key, Buffer.from(text));
    this.#onAdded(day, name);
    if (joined.length > 0) {
      const removing = this.#removeAll(joined).finally(() => this.#removals.delete(removing));
      this.#removals.add(removing);
    }
    return { key, text };
  }

  /** One that stays holds lines that are in another object too: nothing is lost. Never rejects. */
  async #removeAll(pieces: readonly Piece[]): Promise<void> {
    for (const { key } of pieces) await this.#client.remove(key).catch(() => undefined);
  }
}

interface DayWriterParts {
  /** @param joined objects that the new one stands for */
  readonly write: (text: string, joined: readonly Piece[]) => Promise<Piece>;
  readonly stillThere: (pieces: readonly Piece[]) => Promise<readonly Piece[]>;
}

/** Lines of one day that wait, and the small objects that they have become. */
class DayWriter {
  readonly #parts: DayWriterParts;
  readonly #task = new CoalescedTask(() => this.#flush());
  #queued: string[] = [];
  #pieces: Piece[] = [];

  constructor(parts: DayWriterParts) {
    this.#parts = parts;
  }

  append(line: string): Promise<void> {
    this.#queued.push(line);
    return this.#task.join();
  }

  /** Lines of a failed write are dropped: their entries are not acknowledged, and come again. */
  async #flush(): Promise<void> {
    const text = this.#queued.join('');
    this.#queued = [];
    const { write, stillThere } = this.#parts;
    const isMany = this.#pieces.length + 1 >= joinedPieces;
    const joined = isMany ? await stillThere(this.#pieces) : [];
    const piece = await write([...joined.map((each) => each.text), text].join(''), joined);
    this.#pieces = isMany ? [] : [...this.#pieces, piece];
  }
}

/** Resolves when the notes are in the bucket, in an object of their own. @throws {OperationalError} STORE */
export async function addNotes(
  client: S3Client,
  day: string,
  notes: readonly StoreNote[],
): Promise<void> {
  const [first] = notes;
  if (first === undefined) return;
  const time = String(Math.round(first.atMs)).padStart(15, '0');
  const key = `${day}/${piecesFolder}/n-${time}-${randomBytes(8).toString('hex')}`;
  // False: an earlier attempt has written it. No other process has this key.
  await client.putNew(key, Buffer.from(notes.map(noteLine).join('')));
}

const pieceKey = (day: string, name: string): string => `${day}/${piecesFolder}/${name}`;

function entryName(key: string): string {
  return `e-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= maxDays) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
