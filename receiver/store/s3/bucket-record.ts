/**
 * The records of a bucket. An object is never appended to, so a day's record is many of them, merged when it is read:
 *
 *   CAMERA/DAY/record.jsonl          of a directory that was copied here; no receiver changes it
 *   CAMERA/DAY/record.d/l-WRITER-N   lines of frames and notes of one process, in the order of N
 *   CAMERA/DAY/record.d/e-HASH       one gap, report or late frame; the key follows from its content: it is there once
 *
 * A line is in the bucket before its entry is acknowledged. Lines that wait for the same day share an object; a process
 * joins its small objects into larger ones.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CoalescedTask } from '../coalesced-task.js';
import { recordName } from '../day-record.js';
import { RecordIndex } from '../record-index.js';
import { readLine, readLines } from '../record-line.js';
import type { S3Client } from './s3-client.js';

export const piecesFolder = 'record.d';
/** @param name in the folder of its day */
export const isPiece = (name: string): boolean => /^record\.d\/[a-z]-[\w-]+$/.test(name);
/** Small objects of a process that are joined into one. */
const joinedPieces = 64;
const maxDays = 1000;
/** A reader begins anew when an object was joined into another one meanwhile. */
const maxReads = 5;
/** Objects that are read at the same time. */
const readAtOnce = 16;

interface Piece {
  readonly key: string;
  readonly text: string;
}

export class BucketRecords {
  readonly #client: S3Client;
  readonly #writer = randomBytes(4).toString('hex');
  #pieceCount = 0;
  /** By day, least recently used first. */
  readonly #copied = new Map<string, Promise<RecordIndex>>();
  readonly #days = new Map<string, DayWriter>();
  readonly #removals = new Set<Promise<void>>();

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** What the record that was copied here says. @throws {OperationalError} STORE */
  async copied(day: string): Promise<RecordIndex> {
    let reading = this.#copied.get(day);
    if (reading === undefined) {
      reading = this.#readCopied(day);
      reading.catch(() => this.#copied.delete(day));
      this.#copied.set(day, reading);
      dropOldest(this.#copied);
    }
    return await reading;
  }

  /** Resolves when the line is in the bucket. @param line with its line end @throws {OperationalError} STORE */
  append(day: string, line: string): Promise<void> {
    let writer = this.#days.get(day);
    if (writer === undefined) {
      writer = new DayWriter((text, joined) => this.#write(day, text, joined));
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
  addOnce(day: string, key: string, line: string): Promise<boolean> {
    return this.#client.putNew(entryKey(day, key), Buffer.from(line));
  }

  /** @throws {OperationalError} STORE */
  async has(day: string, key: string): Promise<boolean> {
    return (await this.#client.head(entryKey(day, key))) !== undefined;
  }

  /** Waits for what runs in the background. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals);
  }

  async #readCopied(day: string): Promise<RecordIndex> {
    const index = new RecordIndex();
    const bytes = await this.#client.get(`${day}/${recordName}`);
    if (bytes !== undefined) readLines(bytes.toString('latin1'), (each) => index.add(each));
    return index;
  }

  /** @param joined objects that the new one stands for: they are removed */
  async #write(day: string, text: string, joined: readonly Piece[]): Promise<Piece> {
    this.#pieceCount += 1;
    const number = String(this.#pieceCount).padStart(9, '0');
    const key = `${day}/${piecesFolder}/l-${this.#writer}-${number}`;
    // False: an earlier attempt has written it. No other process has this key.
    await this.#client.putNew(key, Buffer.from(text));
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

/** Lines of one day that wait, and the small objects that they have become. */
class DayWriter {
  readonly #write: (text: string, joined: readonly Piece[]) => Promise<Piece>;
  readonly #task = new CoalescedTask(() => this.#flush());
  #queued: string[] = [];
  #pieces: Piece[] = [];

  constructor(write: (text: string, joined: readonly Piece[]) => Promise<Piece>) {
    this.#write = write;
  }

  append(line: string): Promise<void> {
    this.#queued.push(line);
    return this.#task.join();
  }

  /** Lines of a failed write are dropped: their entries are not acknowledged, and come again. */
  async #flush(): Promise<void> {
    const text = this.#queued.join('');
    this.#queued = [];
    const joined = this.#pieces.length + 1 >= joinedPieces ? this.#pieces : [];
    const piece = await this.#write([...joined.map((each) => each.text), text].join(''), joined);
    this.#pieces = joined.length > 0 ? [] : [...this.#pieces, piece];
  }
}

/**
 * The merged record of a day: what was copied first, then by the clock of the store. A frame, gap or report that
 * several objects have is in it once.
 * @throws {OperationalError} STORE
 */
export async function readBucketRecord(client: S3Client, day: string): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    const keys = await pieceKeys(client, day);
    const bodies = await getAll(client, keys);
    const isWhole = bodies.every((body) => body !== undefined);
    if (!isWhole && attempt < maxReads) continue;
    const copied = (await client.get(`${day}/${recordName}`)) ?? Buffer.alloc(0);
    if (keys.length === 0) return copied;
    return mergeLines([copied, ...bodies.filter((body) => body !== undefined)]);
  }
}

async function pieceKeys(client: S3Client, day: string): Promise<string[]> {
  const objects = [];
  for await (const each of client.list(`${day}/${piecesFolder}/`)) objects.push(each);
  objects.sort((a, b) => a.modifiedAtMs - b.modifiedAtMs || (a.key < b.key ? -1 : 1));
  return objects.map(({ key }) => key);
}

async function getAll(client: S3Client, keys: readonly string[]): Promise<(Buffer | undefined)[]> {
  const bodies: (Buffer | undefined)[] = [];
  for (let at = 0; at < keys.length; at += readAtOnce) {
    const part = keys.slice(at, at + readAtOnce);
    bodies.push(...(await Promise.all(part.map((key) => client.get(key)))));
  }
  return bodies;
}

function mergeLines(texts: readonly Buffer[]): Buffer {
  const known = new Set<string>();
  const lines: string[] = [];
  for (const line of texts.flatMap((text) => text.toString().split('\n'))) {
    if (line === '') continue;
    const recorded = readLine(line);
    let meaning = line;
    if (recorded?.kind === 'frame') meaning = `frame ${recorded.key} ${recorded.name}`;
    else if (recorded?.kind === 'line') meaning = `line ${recorded.key}`;
    if (known.has(meaning)) continue;
    known.add(meaning);
    lines.push(`${line}\n`);
  }
  return Buffer.from(lines.join(''));
}

function entryKey(day: string, key: string): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${day}/${piecesFolder}/e-${hash}`;
}

function dropOldest(map: Map<string, unknown>): void {
  if (map.size <= maxDays) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
