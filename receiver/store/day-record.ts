/**
 * One folder's record: a file of lines beside the frames, and an index of which frame has which name. Any number
 * of processes append lines, whole and in groups; the lines of other processes are read as the file grows. Only a
 * power cut before `flush` loses a line. Incomplete and unknown lines are skipped.
 *
 * After a failed flush the system may count as written what never reached the disk. So lines are kept in memory
 * until a flush has succeeded, and appended again before the next one.
 */
import { maxRecordBytes } from '../limits/receiver-limits.js';
import { AppendedFile } from './appended-file.js';
import type { Folder } from './folder.js';
import { CoalescedTask } from './coalesced-task.js';
import { RecordIndex } from './record-index.js';
import { type FrameId, type Recorded, readLines } from './record-line.js';

export const recordName = 'record.jsonl';
/** Bytes of one read; longer than any line of a receiver: a longer line is unknown. */
const pieceBytes = 64 * 1024;
/** Unflushed lines kept in memory: some seconds of frames. */
const maxUnflushedBytes = 2 ** 20;
const lineEnd = 0x0a;
/** Appends of one line, while its file is replaced each time. */
const maxAttempts = 3;

interface Line {
  /** With its line end. */
  readonly text: string;
  /** Undefined for a raw frame. */
  readonly recorded: Recorded | undefined;
}

interface DayRecordOptions {
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  /** The file stays open: call `rest` when it is not used any more. */
  readonly onOpened?: (record: DayRecord) => void;
}

export class DayRecord {
  readonly #index: RecordIndex;
  readonly #maxBytes: number;
  readonly #updates = new CoalescedTask(() => this.#update());
  /** Folder for the next update. */
  #folder: Folder | undefined;
  /** Lines for the next update. */
  #queued: Line[] = [];
  #isFlushWanted = false;
  /** Lines appended since the last successful flush. */
  #unflushed: Line[] = [];
  #unflushedBytes = 0;
  /** A flush has failed, and none has succeeded since. */
  #hasFailedFlush = false;
  /** A gap's or report's line left `#unflushed` by its size limit, without a successful flush. */
  #hasLostLines = false;
  /** The file whose first `#readBytes` are in the index. */
  #inode: number | undefined;
  #readBytes = 0;
  /** Bytes after the last line end: an incomplete line, of a process that was killed or is writing. */
  #tornBytes = 0;
  /** Open for appending between updates, until `rest`: a busy camera appends many times a second. */
  #file: AppendedFile | undefined;
  #isRestWanted = false;

  readonly #onOpened: (record: DayRecord) => void;

  constructor({ maxEntries, maxBytes = maxRecordBytes, onOpened }: DayRecordOptions = {}) {
    this.#index = new RecordIndex(maxEntries);
    this.#maxBytes = maxBytes;
    this.#onOpened = onOpened ?? ((): void => undefined);
  }

  /** Entries for frames, gaps and reports in the index. */
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

  /** Which frame has a name; undefined when no line has the name. */
  ownerOf(name: string, key: string): 'this' | 'another' | undefined {
    return this.#index.ownerOf(name, key);
  }

  /** Whether the file with this name was deleted on purpose. */
  isDeleted(name: string): boolean {
    return this.#index.isDeleted(name);
  }

  /** Whether the line of an entry was taken out of the record. @param atMs its last moment */
  isSummarized(id: FrameId, atMs: number): boolean {
    return this.#index.isSummarized(id, atMs);
  }

  /** Whether a line records this gap or report. The line is on the disk after the next successful `flush`. */
  hasLine(key: string): boolean {
    return !this.#hasLostLines && this.#index.hasLine(key);
  }

  /** Reads the lines that other processes have appended. @throws a system error */
  refresh(folder: Folder): Promise<void> {
    this.#folder = folder;
    return this.#updates.join();
  }

  /** Writes a line, unflushed: it outlives this process. @throws a system error; part of it may be written */
  append(folder: Folder, text: string, recorded: Recorded | undefined): Promise<void> {
    this.#queued.push({ text, recorded });
    return this.refresh(folder);
  }

  /** Appends a line and flushes it to the disk. @throws a system error */
  appendAndFlush(folder: Folder, text: string, recorded: Recorded): Promise<void> {
    this.#isFlushWanted = true;
    return this.append(folder, text, recorded);
  }

  /** Flushes the appended lines to the disk. @throws a system error */
  flush(folder: Folder): Promise<void> {
    this.#isFlushWanted = true;
    return this.refresh(folder);
  }

  /** True while the file is kept open. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Closes the file, so that its disk can be unmounted; the next update opens it again. Never rejects. */
  async rest(): Promise<void> {
    if (this.#file === undefined) return;
    this.#isRestWanted = true;
    await this.#updates.join().catch(() => undefined); // the file is closed all the same
  }

  async #update(): Promise<void> {
    try {
      await this.#updateFile();
      if (this.#isRestWanted) this.#close();
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  /** Reads new lines, appends the queued ones in one write, and flushes on request. */
  async #updateFile(): Promise<void> {
    const [folder, isFlushWanted] = [this.#folder, this.#isFlushWanted];
    const rewritten = isFlushWanted && this.#hasFailedFlush ? this.#unflushed : [];
    const queued = this.#queued;
    const lines = [...rewritten, ...queued];
    this.#queued = [];
    this.#isFlushWanted = false;
    if (folder === undefined) return;
    if (lines.length === 0 && !isFlushWanted && !this.#hasChanged(folder)) return;
    for (let attempt = 1; ; attempt += 1) {
      const file = await this.#open(folder, lines.length > 0);
      if (file === undefined) {
        this.#clearUnflushed(); // removed: there is nothing to flush
        return;
      }
      try {
        await this.#readNew(file);
        const isLost = lines.length > 0 && !this.#write(file, lines);
        if (attempt === 1) this.#keepUnflushed(queued);
        // The record was replaced by a shorter one, or its folder removed: the lines are in a file without a name.
        if (isLost && attempt < maxAttempts) continue;
        if (isFlushWanted) await this.#flush(file);
        return;
      } finally {
        if (file !== this.#file) file.close();
      }
    }
  }

  /** @returns undefined when it is opened for reading and missing */
  async #open(folder: Folder, isForAppending: boolean): Promise<AppendedFile | undefined> {
    if (this.#file?.isNamed(folder, recordName) === false) this.#close();
    if (this.#file !== undefined) return this.#file;
    if (!isForAppending) return AppendedFile.openIfThere(folder, recordName);
    const file = await AppendedFile.open(folder, recordName);
    this.#file = file;
    this.#onOpened(this);
    return file;
  }

  #close(): void {
    this.#isRestWanted = false;
    this.#file?.close(); // its lines are in `#unflushed` until a flush succeeds
    this.#file = undefined;
  }

  #hasChanged(folder: Folder): boolean {
    const stats = folder.lstat(recordName);
    if (stats === undefined) return false;
    const { ino, size } = stats;
    return Number(ino) !== this.#inode || Number(size) !== this.#readBytes + this.#tornBytes;
  }

  async #readNew(file: AppendedFile): Promise<void> {
    const { ino, size } = file.stats();
    if (ino !== this.#inode || size < this.#readBytes) {
      // Removed or replaced: the index stays valid for frames whose files exist.
      this.#inode = ino;
      this.#readBytes = 0;
    }
    // Older frames are recognized by their files alone.
    this.#readBytes = Math.max(this.#readBytes, size - this.#maxBytes);
    this.#tornBytes = 0;
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(0, size - this.#readBytes)));
    while (this.#readBytes < size) {
      const bytesRead = await file.read(piece, this.#readBytes);
      if (bytesRead === 0) return; // another process has truncated it
      const end = piece.lastIndexOf(lineEnd, bytesRead - 1) + 1;
      if (end === 0 && bytesRead < pieceBytes) {
        this.#tornBytes = bytesRead;
        return;
      }
      readLines(piece.toString('latin1', 0, end), (recorded) => this.#index.add(recorded));
      // A piece without a line end is part of an unknown line: skipped.
      this.#readBytes += end === 0 ? bytesRead : end;
    }
  }

  /** @returns false: the file has no name any more */
  #write(file: AppendedFile, lines: readonly Line[]): boolean {
    const start = this.#tornBytes > 0 ? '\n' : '';
    const bytes = Buffer.from(start + lines.map(({ text }) => text).join(''));
    file.append(bytes);
    for (const { recorded } of lines) if (recorded !== undefined) this.#index.add(recorded);
    const expectedBytes = this.#readBytes + this.#tornBytes + bytes.length;
    const { size, nlink } = file.stats();
    // Another process has appended too: the next read takes its lines, and these again.
    if (size !== expectedBytes) return nlink > 0;
    this.#readBytes = expectedBytes;
    this.#tornBytes = 0;
    return nlink > 0;
  }

  async #flush(file: AppendedFile): Promise<void> {
    try {
      await file.flush();
    } catch (error) {
      this.#hasFailedFlush = true;
      throw error;
    }
    this.#clearUnflushed();
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
      if (line?.recorded?.kind === 'line') this.#hasLostLines = true;
    }
  }

  #clearUnflushed(): void {
    this.#unflushed = [];
    this.#unflushedBytes = 0;
    this.#hasFailedFlush = false;
  }
}
