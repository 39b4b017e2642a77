/**
 * Where an export is written: a directory or a zip file, under a temporary name beside the final one. It gets its name
 * when all of it is on the disk, never over something that has the name.
 */
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { type WriteStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { OperationalError, UsageError } from '../../../shared/cli/errors.js';
import { Folder, openOrMake } from '../../store/folder.js';
import { publishFile } from '../../store/publish.js';

/** Calls `put` for each part, and waits for it. */
export type MakeParts = (put: (part: Buffer) => Promise<void>) => Promise<void>;

export interface ExportSink {
  /** @param path relative, with `/`; each once @throws a system error */
  write(path: string, bytes: Buffer, modifiedAtMs?: number): Promise<void>;
  /** Writes parts, one after the other, as they are made. @throws a system error, or what `make` throws */
  writeParts(path: string, make: MakeParts): Promise<void>;
  /** Gives it its name, when it is on the disk. @throws a system error; {OperationalError} STORE: the name is taken */
  finish(): Promise<void>;
  /** Removes what is written. */
  abandon(): Promise<void>;
}

/** @throws {UsageError} the name is taken; a system error: its folder cannot be written */
export async function openSink(out: string): Promise<ExportSink> {
  const path = resolve(out);
  const parent = await Folder.open(dirname(path));
  const name = basename(path);
  if (parent.lstat(name) !== undefined) {
    await parent.close();
    throw new UsageError(`${out} exists already`, { hint: 'name a new file or directory' });
  }
  const place = { parent, name, temporary: `.${name}.${randomUUID()}.part` };
  return name.endsWith('.zip') ? new ZipSink(place) : new DirectorySink(place);
}

interface Place {
  readonly parent: Folder;
  readonly name: string;
  readonly temporary: string;
}

const taken = ({ parent, name }: Place): OperationalError =>
  new OperationalError(
    'STORE',
    `${join(parent.path, name)} was made meanwhile: nothing is exported`,
    {
      hint: 'name another file or directory',
    },
  );

class DirectorySink implements ExportSink {
  readonly #place: Place;
  readonly #folders = new Map<string, Folder>();

  constructor(place: Place) {
    this.#place = place;
  }

  async write(path: string, bytes: Buffer, modifiedAtMs?: number): Promise<void> {
    const folder = await this.#folderOf(path);
    await folder.writeNew(basename(path), bytes, modifiedAtMs);
  }

  async writeParts(path: string, make: MakeParts): Promise<void> {
    const folder = await this.#folderOf(path);
    const file = await folder.createFile(basename(path), 0o666);
    try {
      await make((part) => file.appendFile(part));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async finish(): Promise<void> {
    const { parent, name, temporary } = this.#place;
    await this.#folderOf('empty');
    for (const folder of this.#folders.values()) await folder.sync();
    await this.#close();
    // rename(2) replaces an empty directory, and nothing else.
    if (parent.lstat(name) !== undefined) throw taken(this.#place);
    parent.rename(temporary, parent, name);
    await parent.sync();
    await parent.close();
  }

  async abandon(): Promise<void> {
    await this.#close();
    const { parent, temporary } = this.#place;
    await rm(join(parent.path, temporary), { recursive: true, force: true });
    await parent.close();
  }

  async #folderOf(path: string): Promise<Folder> {
    const above = dirname(path);
    const known = this.#folders.get(above);
    if (known !== undefined) return known;
    const { parent, temporary } = this.#place;
    const folder =
      above === '.'
        ? await openOrMake(parent, temporary)
        : await openOrMake(await this.#folderOf(above), basename(above));
    this.#folders.set(above, folder);
    return folder;
  }

  async #close(): Promise<void> {
    for (const folder of this.#folders.values()) await folder.close();
    this.#folders.clear();
  }
}

class ZipSink implements ExportSink {
  readonly #place: Place;
  readonly #zip = new ZipFile();
  #file: WriteStream | undefined;
  #writing: Promise<void> | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  write(path: string, bytes: Buffer, modifiedAtMs?: number): Promise<void> {
    return this.#add(path, Readable.from([bytes], { objectMode: false }), modifiedAtMs);
  }

  async writeParts(path: string, make: MakeParts): Promise<void> {
    const stream = new PassThrough();
    const adding = this.#add(path, stream);
    adding.catch(() => undefined); // awaited below
    try {
      await make(async (part) => {
        if (!stream.write(part)) await Promise.race([once(stream, 'drain'), adding]);
      });
      stream.end();
    } catch (error) {
      stream.destroy();
      throw error;
    }
    await adding;
  }

  async finish(): Promise<void> {
    const { parent, name, temporary } = this.#place;
    const writing = this.#start();
    this.#zip.end();
    await writing;
    const isPublished = await publishFile(
      { folder: parent, name: temporary },
      { folder: parent, name },
    );
    if (!isPublished) throw taken(this.#place);
    await parent.sync();
    await parent.close();
  }

  async abandon(): Promise<void> {
    this.#file?.destroy(new Error('the export is given up'));
    await this.#writing?.catch(() => undefined);
    this.#place.parent.removeIfThere(this.#place.temporary);
    await this.#place.parent.close();
  }

  /** Waits until it is written: one file is in memory at a time. */
  async #add(path: string, stream: Readable, modifiedAtMs?: number): Promise<void> {
    const writing = this.#start();
    const mtime = new Date(modifiedAtMs ?? 0);
    // The archive's times start in 1980; a year ahead of 2107 does not fit.
    const isFitting = mtime.getFullYear() >= 1980 && mtime.getFullYear() < 2107;
    const options = {
      compress: false,
      mode: 0o100_644,
      mtime: isFitting ? mtime : new Date(2000, 0),
    };
    this.#zip.addReadStream(stream, path, options);
    await Promise.race([finished(stream), writing]);
  }

  #start(): Promise<void> {
    if (this.#writing !== undefined) return this.#writing;
    const { parent, temporary } = this.#place;
    const path = join(parent.path, temporary);
    this.#file = createWriteStream(path, { flags: 'wx', flush: true });
    this.#writing = pipeline(this.#zip.outputStream, this.#file);
    this.#writing.catch(() => undefined); // each caller gets the error
    return this.#writing;
  }
}
