/**
 * Writes the lines that a day's record lacks, from the files of its frames: after a record was lost, or lines in a
 * power cut. A file tells when it was captured, its bytes and its size. Decisions, events and signatures were in the
 * line alone, and so were gaps and reports: they are lost. Lines are only appended, while a receiver may append too.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, constants } from 'node:fs/promises';
import { describeError } from '../../shared/cli/errors.js';
import { readFrameSize } from '../../shared/jpeg/frame-size.js';
import { clockedPath, isFrameName, parseFrameName } from '../../shared/protocol/frame-path.js';
import { frameStatement } from '../../shared/protocol/statement.js';
import { recordName } from '../store/day-record.js';
import { writeAll } from '../store/file-calls.js';
import type { Folder } from '../store/folder.js';
import { giveToOwner } from '../store/give-to-owner.js';
import { dayIndexName } from './day-index.js';
import { readRecord } from './record-reader.js';

export interface Reindexed {
  /** Files of frames. */
  readonly frames: number;
  /** Frames whose line was missing, and is written now. */
  readonly recovered: number;
  /** Frames without a line whose file is younger than a minute: a receiver may be about to write it. */
  readonly young: number;
  /** Lines that are unknown or cut off; they stay. */
  readonly skippedLines: number;
  /** Files that cannot be read, as sentences. */
  readonly problems: readonly string[];
}

/** A receiver writes the line of a frame after its file: a younger file may still get it. */
const minAgeMs = 60_000;
/** Lines are written in groups of about this many bytes. */
const groupBytes = 64 * 1024;
const appendFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

/**
 * @param camera the name of the camera's folder
 * @throws a system error; {OperationalError} STORE: the record is a link or no regular file
 */
export async function reindexDay(
  folder: Folder,
  camera: string,
  nowMs: number,
): Promise<Reindexed> {
  const recorded = new Set<string>();
  const read = await readRecord(folder, (entry) => {
    if (entry.kind === 'frame') recorded.add(entry.name);
  });
  const lines = new MissingLines(folder);
  const problems: string[] = [];
  let [frames, young] = [0, 0];
  try {
    for await (const name of folder.names()) {
      const stats = folder.lstat(name);
      if (!isFrameName(name) || stats?.isFile() !== true || stats.size === 0n) continue;
      frames += 1;
      if (recorded.has(name)) continue;
      if (nowMs - Number(stats.ctimeMs) < minAgeMs) {
        young += 1;
        continue;
      }
      try {
        lines.add(await lineOf(folder, camera, name, Number(stats.mtimeMs)));
      } catch (error) {
        problems.push(describeError(error));
        continue;
      }
      await lines.writeIfMany();
    }
    await lines.finish();
    // It is built anew by its next reader, who may write it.
    folder.removeIfThere(dayIndexName);
  } finally {
    await lines.close();
  }
  const { skippedLines = 0 } = read ?? {};
  return { frames, recovered: lines.count, young, skippedLines, problems };
}

/** @param modifiedAtMs the time of arrival of a frame whose camera has no clock */
async function lineOf(
  folder: Folder,
  camera: string,
  name: string,
  modifiedAtMs: number,
): Promise<string> {
  const jpeg = await readAll(folder, name);
  // Without epoch and sequence: a name does not tell them, and a line with other ones would claim the file.
  const moment = parseFrameName(name) ?? { capturedAtMs: modifiedAtMs, utcOffsetMinutes: 0 };
  const sha256 = createHash('sha256').update(jpeg).digest('hex');
  const header = { ...moment, sha256, verdict: undefined };
  const statement = frameStatement({ camera }, header, jpeg.length, readFrameSize(jpeg));
  const isPlain = name === `${clockedPath('', moment).stem}.jpg`;
  const added = JSON.stringify({ recovered: true, name: isPlain ? undefined : name });
  return `${statement.slice(0, -1)},${added.slice(1)}\n`;
}

async function readAll(folder: Folder, name: string): Promise<Buffer> {
  const file = await folder.openFile(name, constants.O_RDONLY);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Appends lines to the record of a folder, which is made when it is missing. */
class MissingLines {
  readonly #folder: Folder;
  #file: FileHandle | undefined;
  #waiting = '';
  #count = 0;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  get count(): number {
    return this.#count;
  }

  add(line: string): void {
    this.#waiting += line;
    this.#count += 1;
  }

  /** @throws a system error */
  async writeIfMany(): Promise<void> {
    if (this.#waiting.length >= groupBytes) await this.#write();
  }

  /** Writes the rest, and flushes the record and its name. @throws a system error */
  async finish(): Promise<void> {
    if (this.#waiting !== '') await this.#write();
    if (this.#file === undefined) return;
    await this.#file.sync();
    await this.#folder.sync();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #write(): Promise<void> {
    this.#file ??= await this.#open();
    writeAll(this.#file.fd, Buffer.from(this.#waiting));
    this.#waiting = '';
  }

  async #open(): Promise<FileHandle> {
    const file = await this.#folder.openFile(recordName, appendFlags);
    try {
      const { size } = await file.stat();
      if (size === 0) await giveToOwner(file, this.#folder);
      if (size > 0 && (await lastByte(file, size)) !== '\n') this.#waiting = `\n${this.#waiting}`;
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

/** A line that was cut off has no line end. */
async function lastByte(file: FileHandle, size: number): Promise<string> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString('latin1');
}
