/** An export in a zip file, as verify reads it. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { isDayName } from '../../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import { recordName } from '../../store/day-record.js';
import { cameraPattern } from '../frame-entry.js';
import type {
  DayFolder,
  FilePlace,
  Look,
  OpenBytes,
  OtherName,
  VerifySource,
} from './day-folder.js';
import { type ZipEntry, ZipError, readZipDirectory } from './zip-directory.js';

const pieceBytes = 1024 * 1024;
/** Of a text that is read at once. */
const maxTextBytes = 64 * 1024 * 1024;

export class ZipSource implements VerifySource {
  readonly #file: FileHandle;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  /** By day: its names. */
  readonly #days = new Map<string, string[]>();

  private constructor(file: FileHandle, entries: ReadonlyMap<string, ZipEntry>) {
    this.#file = file;
    this.#entries = entries;
    for (const path of entries.keys()) {
      const [camera = '', day = '', ...rest] = path.split('/');
      if (!cameraPattern.test(camera) || !isDayName(day) || rest.length === 0) continue;
      const names = this.#days.get(`${camera}/${day}`) ?? [];
      names.push(rest.join('/'));
      this.#days.set(`${camera}/${day}`, names);
    }
  }

  /** @throws {ZipError}; a system error */
  static async open(file: FileHandle): Promise<ZipSource> {
    return new ZipSource(file, await readZipDirectory(file));
  }

  cameras(): Promise<readonly string[]> {
    const cameras = [...this.#days.keys()].map((path) => path.slice(0, path.indexOf('/')));
    return Promise.resolve([...new Set(cameras)].sort(naturalOrder));
  }

  async days(
    camera: string,
    act: (day: DayFolder) => Promise<void>,
    onOther: (other: OtherName) => void,
  ): Promise<void> {
    for (const path of [...this.#days.keys()].sort()) {
      if (path.startsWith(`${camera}/`)) await act(this.#dayOf(camera, path));
    }
    for (const path of this.#entries.keys()) {
      const isOfDay = this.#days.has(path.split('/').slice(0, 2).join('/'));
      if (path.includes('/') && !isOfDay)
        onOther({ path, kind: 'foreign-file', why: 'not of a day' });
    }
  }

  /** An export has no erasures. */
  badErasures(): Promise<readonly OtherName[]> {
    return Promise.resolve([]);
  }

  isSending(): boolean {
    return false;
  }

  /** Paths of all files. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** @returns undefined: there is none @throws {ZipError} its bytes were changed */
  async text(path: string): Promise<string | undefined> {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    if (entry.bytes > maxTextBytes) throw new ZipError(`${path} is too large`);
    const { buffer, bytesRead } = await this.#file.read(
      Buffer.alloc(entry.bytes),
      0,
      entry.bytes,
      entry.atByte,
    );
    if (bytesRead < entry.bytes || crc32(buffer) !== entry.crc) {
      throw new ZipError(`the bytes of ${path} were changed`);
    }
    return buffer.toString('utf8');
  }

  /** @throws {ZipError} the bytes of a file that no record has were changed */
  async checkOthers(): Promise<void> {
    for (const [path, entry] of this.#entries) {
      if (path.endsWith('.jpg')) continue; // the record has its SHA-256
      let crc = 0;
      await this.#read(entry, (piece) => {
        crc = crc32(piece, crc);
      });
      if (crc !== entry.crc) throw new ZipError(`the bytes of ${path} were changed`);
    }
  }

  async #bytesOf(entry: ZipEntry | undefined): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    if (entry !== undefined) await this.#read(entry, (piece) => pieces.push(Buffer.from(piece)));
    return entry && Buffer.concat(pieces);
  }

  #dayOf(camera: string, path: string): DayFolder {
    const entryOf = (name: string): ZipEntry | undefined => this.#entries.get(`${path}/${name}`);
    const names = this.#days.get(path) ?? [];
    return {
      ...{ camera, path, isUnclocked: false },
      async *names() {
        for (const name of names) yield await Promise.resolve(name);
      },
      look(name): Look | undefined {
        const entry = entryOf(name);
        return entry && { isFile: true, bytes: entry.bytes, changedAtMs: 0 };
      },
      openRecord: () => Promise.resolve(this.#openBytes(entryOf(recordName))),
      bytesOf: (name) => this.#bytesOf(entryOf(name)),
      placeOf: (name): FilePlace | undefined => {
        const entry = entryOf(name);
        return entry && { fd: this.#file.fd, atByte: entry.atByte, bytes: entry.bytes };
      },
    };
  }

  #openBytes(entry: ZipEntry | undefined): OpenBytes | undefined {
    if (entry === undefined) return undefined;
    const { bytes: size, atByte: start } = entry;
    return {
      size,
      read: async (into, atByte) => {
        const wanted = Math.max(0, Math.min(into.length, size - atByte));
        return (await this.#file.read(into, 0, wanted, start + atByte)).bytesRead;
      },
      close: () => Promise.resolve(),
    };
  }

  /** @returns how many bytes there were */
  async #read({ atByte, bytes }: ZipEntry, onPiece: (piece: Buffer) => void): Promise<number> {
    const piece = Buffer.allocUnsafe(Math.min(bytes + 1, pieceBytes));
    let done = 0;
    while (done < bytes) {
      const wanted = Math.min(piece.length, bytes - done);
      const { bytesRead } = await this.#file.read(piece, 0, wanted, atByte + done);
      if (bytesRead === 0) break;
      onPiece(piece.subarray(0, bytesRead));
      done += bytesRead;
    }
    return done;
  }
}
