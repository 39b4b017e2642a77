/**
 * One day's record: a file of lines beside the frames, and what it says about who is stored under which
 * name. Lines are appended whole, in groups, by any number of processes; what others append is read as the
 * file grows. A line is lost only by a power cut before `flush`. A torn or foreign line says nothing.
 */
import { type FileHandle, constants, lstat } from 'node:fs/promises';
import { systemCode } from '../../shared/errors.js';
import { NextRun } from './next-run.js';
import { openOwnFile } from './own-entries.js';
import { type FrameId, type RecordedId, readLine } from './record-line.js';

/** Read at once; longer than any line of ours, so a longer one is foreign. */
const pieceBytes = 256 * 1024;
const lineEnd = 0x0a;
const readFlags = constants.O_RDONLY;
const appendFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

interface Waiting {
  readonly line: string;
  readonly entry: RecordedId | undefined;
}

export class DayRecord {
  readonly #path: string;
  /** By epoch and sequence: the file's name; undefined for a hole. */
  readonly #epochs = new Map<string, Map<number, string | undefined>>();
  readonly #exchanges = new NextRun(() => this.#exchange());
  #waiting: Waiting[] = [];
  /** The file whose first `#readBytes` are in the index. */
  #inode: number | undefined;
  #readBytes = 0;
  /** What follows the last line's end: half a line, of a process that was killed or writes now. */
  #tornBytes = 0;
  #isFlushed = true;
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Frames and holes in the index. */
  get size(): number {
    return this.#size;
  }

  get isFlushed(): boolean {
    return this.#isFlushed;
  }

  /** Whether a frame or a hole is recorded, and under which file name: undefined for a hole. */
  find({ epoch, sequence }: FrameId): { readonly name: string | undefined } | undefined {
    const sequences = this.#epochs.get(epoch);
    return sequences?.has(sequence) ? { name: sequences.get(sequence) } : undefined;
  }

  /** Whether a name was given to another frame than this. Looks at all: for the rare case. */
  isAnothers(name: string, id: FrameId): boolean {
    for (const [epoch, sequences] of this.#epochs) {
      for (const [sequence, other] of sequences) {
        if (other === name && (epoch !== id.epoch || sequence !== id.sequence)) return true;
      }
    }
    return false;
  }

  /** Reads what other processes have appended. @throws a system error */
  follow(): Promise<void> {
    return this.#exchanges.join();
  }

  /** Hands a line to the system; it outlives this process. @throws a system error; it may be there in part */
  append(line: string, entry: RecordedId | undefined): Promise<void> {
    this.#waiting.push({ line, entry });
    return this.#exchanges.join();
  }

  /** Flushes what was appended to the disk. @throws a system error */
  async flush(): Promise<void> {
    this.#isFlushed = true;
    try {
      const file = await openOwnFile(this.#path, readFlags);
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return; // removed: there is nothing to flush
      this.#isFlushed = false;
      throw error;
    }
  }

  /** Reads what is new, then appends what waits, all in one go. */
  async #exchange(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0 && !(await this.#hasChanged())) return;
    const file = await this.#open(waiting.length > 0 ? appendFlags : readFlags);
    if (file === undefined) return;
    try {
      await this.#readNew(file);
      if (waiting.length > 0) await this.#write(file, waiting);
    } finally {
      await file.close();
    }
  }

  async #hasChanged(): Promise<boolean> {
    try {
      const { ino, size } = await lstat(this.#path);
      return ino !== this.#inode || size !== this.#readBytes + this.#tornBytes;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #open(flags: number): Promise<FileHandle | undefined> {
    try {
      return await openOwnFile(this.#path, flags);
    } catch (error) {
      if (flags === readFlags && systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #readNew(file: FileHandle): Promise<void> {
    const { ino, size } = await file.stat();
    if (ino !== this.#inode || size < this.#readBytes) {
      // Removed or replaced: what is known of the frames stays true as far as their files are there.
      this.#inode = ino;
      this.#readBytes = 0;
    }
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
      for (const text of piece.toString('utf8', 0, end).split('\n')) this.#note(readLine(text));
      // A piece without any line's end is none of ours: passed over.
      this.#readBytes += end === 0 ? bytesRead : end;
    }
  }

  async #write(file: FileHandle, waiting: readonly Waiting[]): Promise<void> {
    const start = this.#tornBytes > 0 ? '\n' : '';
    const bytes = Buffer.from(start + waiting.map(({ line }) => line).join(''));
    this.#isFlushed = false;
    // One write call: O_APPEND keeps it together between those of other processes.
    await file.appendFile(bytes);
    for (const { entry } of waiting) this.#note(entry);
    const expectedBytes = this.#readBytes + this.#tornBytes + bytes.length;
    // Where another process came between, the next reading takes its lines, and ours again.
    if ((await file.stat()).size !== expectedBytes) return;
    this.#readBytes = expectedBytes;
    this.#tornBytes = 0;
  }

  #note(entry: RecordedId | undefined): void {
    if (entry === undefined) return;
    let sequences = this.#epochs.get(entry.epoch);
    if (sequences === undefined) {
      sequences = new Map<number, string | undefined>();
      this.#epochs.set(entry.epoch, sequences);
    }
    if (!sequences.has(entry.sequence)) this.#size += 1;
    sequences.set(entry.sequence, entry.name);
  }
}
