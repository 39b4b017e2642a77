/**
 * One folder's record: a file of lines beside the frames, and what it says about who is stored under which
 * name. Lines are appended whole, in groups, by any number of processes; what others append is read as the
 * file grows. A line is lost only by a power cut before `flush`. A torn or foreign line says nothing.
 *
 * After a flush that failed, the system may take for written what never reached the disk. So lines are kept
 * until a flush has worked, and appended anew before the next one.
 */
import { type FileHandle, constants } from 'node:fs/promises';
import { systemCode } from '../../shared/cli/errors.js';
import { maxRecordBytes } from '../limits/receiver-limits.js';
import type { Folder } from './folder.js';
import { CoalescedTask } from './coalesced-task.js';
import { RecordIndex } from './record-index.js';
import { type Recorded, readLines } from './record-line.js';

export const recordName = 'record.jsonl';
/** Read at once; longer than any line of ours, so a longer one is foreign. */
const pieceBytes = 64 * 1024;
/** Of lines that were not flushed: some seconds of frames. */
const maxUnflushedBytes = 2 ** 20;
const lineEnd = 0x0a;
const readFlags = constants.O_RDONLY;
const appendFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

interface Line {
  /** With its end. */
  readonly text: string;
  /** Undefined for a raw frame. */
  readonly recorded: Recorded | undefined;
}

export class DayRecord {
  readonly #index: RecordIndex;
  readonly #maxBytes: number;
  readonly #exchanges = new CoalescedTask(() => this.#exchange());
  /** That of whoever waits for the next exchange. */
  #folder: Folder | undefined;
  #waiting: Line[] = [];
  #isFlushWanted = false;
  /** Appended since the last flush that worked. */
  #unflushed: Line[] = [];
  #unflushedBytes = 0;
  /** A flush has failed, and none has worked since. */
  #isInDoubt = false;
  /** A hole whose flush had failed was too old to be kept in `#unflushed`. */
  #hasLostGaps = false;
  /** The file whose first `#readBytes` are in the index. */
  #inode: number | undefined;
  #readBytes = 0;
  /** What follows the last line's end: half a line, of a process that was killed or writes now. */
  #tornBytes = 0;

  constructor(limits: { readonly maxEntries?: number; readonly maxBytes?: number } = {}) {
    this.#index = new RecordIndex(limits.maxEntries);
    this.#maxBytes = limits.maxBytes ?? maxRecordBytes;
  }

  /** Frames and holes in the index. */
  get size(): number {
    return this.#index.size;
  }

  get isFlushed(): boolean {
    return this.#unflushed.length === 0;
  }

  /** The name that a frame is recorded under. @param stem of its names */
  nameOf(key: string, stem: string): string | undefined {
    return this.#index.nameOf(key, stem);
  }

  /** Whose a name is; undefined when no line says so. */
  ownerOf(name: string, key: string): 'this' | 'another' | undefined {
    return this.#index.ownerOf(name, key);
  }

  /** Whether a line holds this hole: on the disk when a `flush` has worked since. */
  hasGap(key: string): boolean {
    return !this.#hasLostGaps && this.#index.hasGap(key);
  }

  /** Reads what other processes have appended. @throws a system error */
  follow(folder: Folder): Promise<void> {
    this.#folder = folder;
    return this.#exchanges.join();
  }

  /** Hands a line to the system; it outlives this process. @throws a system error; it may be there in part */
  append(folder: Folder, text: string, recorded: Recorded | undefined): Promise<void> {
    this.#waiting.push({ text, recorded });
    return this.follow(folder);
  }

  /** Appends a line and flushes it to the disk. @throws a system error */
  appendAndFlush(folder: Folder, text: string, recorded: Recorded): Promise<void> {
    this.#isFlushWanted = true;
    return this.append(folder, text, recorded);
  }

  /** Flushes what was appended to the disk. @throws a system error */
  flush(folder: Folder): Promise<void> {
    this.#isFlushWanted = true;
    return this.follow(folder);
  }

  /** Reads what is new, then appends what waits, all in one go, and flushes when that is wanted. */
  async #exchange(): Promise<void> {
    const [folder, isFlushWanted] = [this.#folder, this.#isFlushWanted];
    const again = isFlushWanted && this.#isInDoubt ? this.#unflushed : [];
    const lines = [...again, ...this.#waiting];
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isFlushWanted = false;
    if (folder === undefined) return;
    if (lines.length === 0 && !isFlushWanted && !(await this.#hasChanged(folder))) return;
    const file = await openRecord(folder, lines.length > 0 ? appendFlags : readFlags);
    if (file === undefined) {
      this.#forgetUnflushed(); // removed: there is nothing to flush
      return;
    }
    try {
      await this.#readNew(file);
      if (lines.length > 0) await this.#write(file, lines);
      this.#keepUnflushed(waiting);
      if (isFlushWanted) await this.#flush(file);
    } finally {
      await file.close();
    }
  }

  async #hasChanged(folder: Folder): Promise<boolean> {
    const look = await folder.look(recordName);
    if (look === undefined) return false;
    const { ino, size } = look;
    return Number(ino) !== this.#inode || Number(size) !== this.#readBytes + this.#tornBytes;
  }

  async #readNew(file: FileHandle): Promise<void> {
    const { ino, size } = await file.stat();
    if (ino !== this.#inode || size < this.#readBytes) {
      // Removed or replaced: what is known of the frames stays true as far as their files are there.
      this.#inode = ino;
      this.#readBytes = 0;
    }
    // What is older is known by its files alone.
    this.#readBytes = Math.max(this.#readBytes, size - this.#maxBytes);
    this.#tornBytes = 0;
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(0, size - this.#readBytes)));
    while (this.#readBytes < size) {
      const { bytesRead } = await file.read(piece, 0, piece.length, this.#readBytes);
      if (bytesRead === 0) return; // cut short by somebody meanwhile
      const end = piece.lastIndexOf(lineEnd, bytesRead - 1) + 1;
      if (end === 0 && bytesRead < pieceBytes) {
        this.#tornBytes = bytesRead;
        return;
      }
      readLines(piece.toString('latin1', 0, end), (recorded) => this.#index.add(recorded));
      // A piece without any line's end is none of ours: passed over.
      this.#readBytes += end === 0 ? bytesRead : end;
    }
  }

  async #write(file: FileHandle, lines: readonly Line[]): Promise<void> {
    const start = this.#tornBytes > 0 ? '\n' : '';
    const bytes = Buffer.from(start + lines.map(({ text }) => text).join(''));
    // One write call: O_APPEND keeps it together between those of other processes.
    await file.appendFile(bytes);
    for (const { recorded } of lines) if (recorded !== undefined) this.#index.add(recorded);
    const expectedBytes = this.#readBytes + this.#tornBytes + bytes.length;
    // Where another process came between, the next reading takes its lines, and ours again.
    if ((await file.stat()).size !== expectedBytes) return;
    this.#readBytes = expectedBytes;
    this.#tornBytes = 0;
  }

  async #flush(file: FileHandle): Promise<void> {
    try {
      await file.sync();
    } catch (error) {
      this.#isInDoubt = true;
      throw error;
    }
    this.#forgetUnflushed();
  }

  #keepUnflushed(lines: readonly Line[]): void {
    for (const line of lines) {
      this.#unflushed.push(line);
      this.#unflushedBytes += line.text.length;
    }
    while (this.#unflushedBytes > maxUnflushedBytes) {
      const line = this.#unflushed.shift();
      this.#unflushedBytes -= line?.text.length ?? 0;
      // A frame is found by its file.
      if (line?.recorded?.kind === 'hole') this.#hasLostGaps = true;
    }
  }

  #forgetUnflushed(): void {
    this.#unflushed = [];
    this.#unflushedBytes = 0;
    this.#isInDoubt = false;
  }
}

/** @returns undefined when it is to be read and there is none */
async function openRecord(folder: Folder, flags: number): Promise<FileHandle | undefined> {
  try {
    return await folder.openFile(recordName, flags);
  } catch (error) {
    if (flags === readFlags && systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
