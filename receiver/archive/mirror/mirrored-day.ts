/**
 * A day's record in the mirror, made of the pieces that the bucket has. A refresh lists them, reads those that are new
 * and appends the lines that the record lacks; new pieces that a hint names are read without a list. A piece that is gone is no loss while other pieces have its lines;
 * otherwise its lines were taken out, and are taken out here.
 *
 * The steps of a refresh, and what a crash after each one leaves:
 *
 *   1. lines are appended       the log does not know their piece: it is read again, and nothing is appended
 *   2. the log is written       nothing to do
 *
 *   1. the record is replaced   the log is of another file: the day is begun anew
 *   2. the log is replaced      nothing to do
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Base, linesIn, livePieces } from '../../store/s3/bucket-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import {
  type KnownPart,
  type Pieces,
  appendToLog,
  lineHash,
  type Piece,
  nameOfId,
  namedPiece,
  noPart,
  pieceLogName,
  pieceOf,
  readLog,
  writeLog,
} from './piece-log.js';
import {
  appendLines,
  arrivalOf,
  beginsWith,
  cutTornLine,
  grown,
  recordSize,
  removeRecord,
  replaceRecord,
} from './record-copy.js';

/** Pieces that are read at the same time. */
const readAtOnce = 16;
/** A refresh begins anew when a piece was joined into another one meanwhile. */
const maxLists = 5;
/** The id of lines that are in the record, and of whose piece the log knows nothing. */
const unlogged = '';

interface DayState {
  readonly pieces: Pieces;
  /** Of all lines of the record. */
  readonly known: Set<bigint>;
  part: KnownPart;
}

export class MirroredDay {
  readonly #client: S3Client;
  /** `yard/2026_11_22` */
  readonly #day: string;
  readonly #directory: string;
  /** Undefined: it is not read yet, or what is on the disk is not certain after an error. */
  #state: DayState | undefined;
  /** Which pieces the compacted one stands for, once it was read. */
  #base: Base | undefined;
  /** The record has all that a list of this process has found. */
  #isListed = false;

  constructor(client: S3Client, root: string, day: string) {
    this.#client = client;
    this.#day = day;
    this.#directory = join(root, day);
  }

  /** Lines whose hashes are in memory. */
  get lineCount(): number {
    return this.#state?.known.size ?? 0;
  }

  /** Not called again while it runs. @throws {OperationalError} STORE: of the bucket; or a system error of the mirror */
  async refresh(): Promise<void> {
    for (let list = 1; list <= maxLists; list += 1) {
      const listed = await this.#list();
      if (!(await this.#changing((state) => this.#refreshTo(state, listed)))) continue;
      this.#isListed = true;
      return;
    }
  }

  /**
   * Reads new pieces without a list. Not called while another refresh runs.
   * @param names of `l-` and `e-` pieces @returns false: only a list tells, since one is gone, or none was made yet
   * @throws as `refresh`
   */
  async addNamed(names: ReadonlySet<string>): Promise<boolean> {
    return await this.#changing(async (state) => {
      if (!this.#isListed) return false;
      const known = new Set([...state.pieces.keys()].map(nameOfId));
      const pieces = [...names]
        .map((name) => namedPiece(this.#day, name))
        .filter(({ key, name }) => !known.has(name) && this.#base?.keys.has(key) !== true);
      return await this.#addNew(state, pieces);
    });
  }

  async #list(): Promise<readonly Piece[]> {
    const { pieces, base } = await livePieces(this.#client, this.#day, this.#base);
    this.#base = base;
    return pieces.map(pieceOf);
  }

  /** What is on the disk after an error is not certain. @throws as `refresh` */
  async #changing(act: (state: DayState) => Promise<boolean>): Promise<boolean> {
    try {
      return await act((this.#state ??= await this.#load()));
    } catch (error) {
      this.#state = undefined;
      throw error;
    }
  }

  /** Forgets what is in memory. */
  forget(): void {
    this.#state = undefined;
  }

  /** @returns false: the pieces are others now */
  async #refreshTo(state: DayState, listed: readonly Piece[]): Promise<boolean> {
    await this.#adoptNamed(state, listed);
    if (!(await this.#addNew(state, listed))) return false;
    const ids = new Set(listed.map(({ id }) => id));
    const gone = [...state.pieces.keys()].filter((id) => !ids.has(id));
    if (gone.length === 0) return true;
    const kept = new Set<bigint>();
    for (const id of ids) for (const hash of state.pieces.get(id) ?? []) kept.add(hash);
    // A list of several pages may miss a piece that is written, and removed by a later page, meanwhile.
    const isLoss = kept.size < state.known.size;
    if (isLoss && !(await this.#isStill(ids))) return false;
    for (const id of gone) state.pieces.delete(id);
    if (isLoss) await this.#takeOut(state, kept);
    else await appendToLog(this.#directory, { ...state.part, added: new Map(), removed: gone });
    return true;
  }

  async #load(): Promise<DayState> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const log = await readLog(this.#directory);
    const size = await recordSize(this.#directory);
    if (log === undefined || !(await beginsWith(this.#directory, log))) return await this.#begin();
    const { pieces, isLong, ...part } = log;
    const state = { pieces, known: new Set([...pieces.values()].flat()), part };
    if (isLong) await writeLog(this.#directory, pieces, part);
    if ((size ?? 0) > part.endByte) await this.#takeUnlogged(state);
    return state;
  }

  /** Begins without a record; a reader of the file before notices that it was replaced. */
  async #begin(): Promise<DayState> {
    this.#isListed = false;
    await rm(join(this.#directory, pieceLogName), { force: true });
    await removeRecord(this.#directory);
    return { pieces: new Map(), known: new Set(), part: noPart };
  }

  /** Takes lines that were appended before a crash, as those of a piece that is gone. */
  async #takeUnlogged(state: DayState): Promise<void> {
    const lines = await cutTornLine(this.#directory, state.part.endByte);
    const texts = lines.toString('latin1').split('\n');
    const { hashes, arrivedAtMs } = takeLines(state, texts);
    state.pieces.set(unlogged, hashes);
    state.part = { ...grown(state.part, lines), arrivedAtMs };
  }

  /** Pieces that a hint has named have the ids of the list from now on. */
  async #adoptNamed(state: DayState, listed: readonly Piece[]): Promise<void> {
    const added: Pieces = new Map();
    const removed: string[] = [];
    for (const { id, name } of listed) {
      const hashes = state.pieces.get(name);
      if (hashes === undefined) continue;
      removed.push(name);
      added.set(id, hashes);
    }
    if (removed.length === 0) return;
    for (const name of removed) state.pieces.delete(name);
    for (const [id, hashes] of added) state.pieces.set(id, hashes);
    await appendToLog(this.#directory, { ...state.part, added, removed });
  }

  /** Whether the bucket has these pieces, and no others. */
  async #isStill(ids: ReadonlySet<string>): Promise<boolean> {
    const now = await this.#list();
    return now.length === ids.size && now.every(({ id }) => ids.has(id));
  }

  /** @returns false: a piece was removed meanwhile */
  async #addNew(state: DayState, pieces: readonly Piece[]): Promise<boolean> {
    const missing = pieces.filter(({ id }) => !state.pieces.has(id));
    let isWhole = true;
    for (let at = 0; at < missing.length; at += readAtOnce) {
      const batch = missing.slice(at, at + readAtOnce);
      const bodies = await Promise.all(batch.map(({ key }) => this.#client.get(key)));
      const added: Pieces = new Map();
      let [text, arrivedAtMs] = ['', state.part.arrivedAtMs];
      for (const [index, piece] of batch.entries()) {
        const body = bodies[index];
        isWhole &&= body !== undefined;
        if (body === undefined) continue;
        const taken = takeLines(state, linesIn(piece.key, body));
        text += taken.text;
        arrivedAtMs = Math.max(arrivedAtMs, taken.arrivedAtMs);
        added.set(piece.id, taken.hashes);
      }
      if (text !== '') {
        const lines = Buffer.from(text, 'latin1');
        state.part = await appendLines(this.#directory, lines, state.part, arrivedAtMs);
      }
      for (const [id, hashes] of added) state.pieces.set(id, hashes);
      if (added.size > 0) await appendToLog(this.#directory, { ...state.part, added, removed: [] });
    }
    return isWhole;
  }

  async #takeOut(state: DayState, kept: ReadonlySet<bigint>): Promise<void> {
    state.known.clear();
    for (const hash of kept) state.known.add(hash);
    if (kept.size === 0) {
      await removeRecord(this.#directory);
      state.part = noPart;
    } else {
      state.part = await replaceRecord(this.#directory, (line) => kept.has(lineHash(line)));
    }
    await writeLog(this.#directory, state.pieces, state.part);
  }
}

/** Adds the lines of a piece to what is known. @returns those that the record lacks, and the hashes of all of them */
function takeLines(state: DayState, lines: readonly string[]) {
  const hashes: bigint[] = [];
  let [text, { arrivedAtMs }] = ['', state.part];
  for (const line of lines) {
    if (line === '') continue;
    const hash = lineHash(line);
    hashes.push(hash);
    if (state.known.has(hash)) continue;
    state.known.add(hash);
    arrivedAtMs = Math.max(arrivedAtMs, arrivalOf(line));
    text += `${line}\n`;
  }
  return { hashes, text, arrivedAtMs };
}
