/**
 * The receiver's keys on disk: a folder of mode 0700, in it `<camera>.json` (0600) with the camera's key and
 * its pairing code, `<camera>.seen` with when it was last here, and `closed`, which says that a camera was
 * paired once and stays for ever. Files are replaced whole; who changes one holds flock(2) on `.lock`. Whoever
 * owns the folder may be another than who changes it (`sudo receiver pair`): no link in it is followed.
 */
import {
  type Stats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isCameraName } from '../../../shared/protocol/camera-name.js';
import { systemClock } from '../../../shared/clock.js';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { keyHexPattern, keyIdPattern } from '../../../shared/keys/identity.js';
import { PrivateFolder, asOwnFile, withFolder } from '../../../shared/files/private-file.js';
import { flock } from '../../../shared/files/flock.js';

const idField = v.pipe(v.string(), v.regex(keyIdPattern));
const keyField = v.pipe(v.string(), v.regex(keyHexPattern));
const timeField = v.pipe(v.number(), v.safeInteger());
const cameraFile = v.object({
  /** Absent while nobody has come with the first code. */
  paired: v.optional(v.object({ id: idField, key: keyField, pairedAtMs: timeField })),
  code: v.optional(
    v.object({
      id: idField,
      key: keyField,
      expiresAtMs: timeField,
      /** Agreed on over this code, and not proven yet: beside `paired`, good too. */
      pending: v.optional(v.object({ id: idField, key: keyField })),
    }),
  ),
});
const seenFile = v.object({ atMs: timeField, from: v.pipe(v.string(), v.maxLength(64)) });

export type CameraFile = v.InferOutput<typeof cameraFile>;
export type Seen = v.InferOutput<typeof seenFile>;

/** A change within the same tick of the file system's clock leaves no trace: what is younger is looked at again. */
const settledAfterMs = 2000;

const closedName = 'closed';
const closedText =
  'A camera was paired here. While this file is there, only paired cameras are accepted.\n';
const lockName = '.lock';
/** Whoever changes a key holds the lock for milliseconds. */
const lockWaitS = 4;

/** What was read, and of which state of the disk. */
interface Remembered<T> {
  readonly stamp: string;
  readonly value: T;
}

export class KeyFolder {
  readonly path: string;
  #withCode: Remembered<readonly string[]> | undefined;
  readonly #files = new Map<string, Remembered<CameraFile>>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Every camera that has a file. An empty list also when there is no folder.
   * @throws {OperationalError} KEYS: something cannot be read or understood
   */
  cameras(): { camera: string; file: CameraFile }[] {
    return this.#names().flatMap((camera) => {
      const file = this.read(camera);
      return file === undefined ? [] : [{ camera, file }];
    });
  }

  /**
   * The cameras for which there was a code when the folder last changed: read the file to know. Any peer makes
   * us ask, as often as it likes, so the folder is read once only.
   * @throws {OperationalError} KEYS: something cannot be read or understood
   */
  camerasWithCode(): readonly string[] {
    const folder = this.#look();
    const stamp = stampOf(folder);
    if (this.#withCode?.stamp === stamp) return this.#withCode.value;
    const found = this.cameras().filter(({ file }) => file.code !== undefined);
    const value = found.map(({ camera }) => camera);
    this.#withCode = isSettled(folder) ? { stamp, value } : undefined;
    return value;
  }

  /**
   * Synchronous, since it is asked for each frame and each handshake. A file is read once only, until it changes:
   * then a camera that has one costs a look as one that has none does.
   * @throws {OperationalError} KEYS
   */
  read(camera: string): CameraFile | undefined {
    const path = this.#pathOf(fileOf(camera));
    try {
      const look = lstatSync(path, { throwIfNoEntry: false });
      const known = this.#files.get(camera);
      if (look === undefined) this.#files.delete(camera);
      if (look === undefined || known?.stamp === stampOf(look)) return look && known?.value;
      const { stats, text } = readOwnFile(path);
      const value = v.parse(cameraFile, JSON.parse(text));
      if (isSettled(stats)) this.#files.set(camera, { stamp: stampOf(stats), value });
      else this.#files.delete(camera);
      return value;
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw unusable(path, cause);
    }
  }

  /** True from the first pairing on. @throws {OperationalError} KEYS: whether it is cannot be told */
  isClosed(): boolean {
    try {
      // Whatever it is: a link that leads nowhere opens no door.
      return lstatSync(this.#pathOf(closedName), { throwIfNoEntry: false }) !== undefined;
    } catch (cause) {
      if (isAbsent(cause)) return false;
      throw this.#unreadable(cause);
    }
  }

  /**
   * Changes a camera's file while nobody else does.
   * @param change what becomes of the file; undefined removes it, the same object leaves it
   * @throws {OperationalError} KEYS: nothing has changed
   */
  async update(
    camera: string,
    change: (file: CameraFile) => CameraFile | undefined,
  ): Promise<void> {
    await this.#locked(async (folder) => {
      const before = await readIn(folder, camera, this.#pathOf(fileOf(camera)));
      const after = change(before);
      if (after === before) return;
      if (after === undefined) {
        await folder.remove(fileOf(camera), seenOf(camera));
        return;
      }
      // Before the first key, so that no cut leaves a paired camera in an open receiver.
      if (after.paired !== undefined && !(await folder.names()).includes(closedName)) {
        await folder.write(closedName, closedText);
      }
      await folder.write(fileOf(camera), `${JSON.stringify(after)}\n`);
    });
  }

  /** For people: nothing depends on it, so it is not flushed. @throws a system error */
  async noteSeen(camera: string, seen: Seen): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
    const path = this.#pathOf(seenOf(camera));
    const file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
    try {
      await file.writeFile(`${JSON.stringify(seen)}\n`);
    } finally {
      await file.close();
    }
  }

  /** @returns undefined when it was never here, or that cannot be read */
  async seen(camera: string): Promise<Seen | undefined> {
    try {
      const text = await withFolder(PrivateFolder.open(this.path), (folder) =>
        folder.read(seenOf(camera)),
      );
      return v.parse(seenFile, JSON.parse(text));
    } catch {
      return undefined; // being written, or never
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.path)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length))
        .filter(isCameraName)
        .sort();
    } catch (cause) {
      if (isAbsent(cause)) return [];
      throw this.#unreadable(cause);
    }
  }

  #look(): Stats | undefined {
    try {
      return statSync(this.path, { throwIfNoEntry: false });
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw this.#unreadable(cause);
    }
  }

  async #locked(work: (folder: PrivateFolder) => Promise<void>): Promise<void> {
    try {
      await withFolder(PrivateFolder.make(this.path), async (folder) => {
        await folder.ensureMode();
        if (!(await folder.names()).includes(lockName)) await folder.write(lockName, '');
        const lock = await folder.openFile(lockName);
        try {
          const lockResult = await flock(lock, { mode: 'exclusive', waitS: lockWaitS });
          if (lockResult === 'held') throw new Error('another process has it locked');
          await work(folder);
        } finally {
          await lock.close();
        }
      });
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      throw new OperationalError('KEYS', `cannot write keys in ${this.path}`, {
        cause,
        hint: isLink(cause)
          ? 'a link is in the way, and none is followed there: put a folder or a file in its place'
          : 'type it as the user that the receiver runs as, or with sudo',
      });
    }
  }

  #unreadable(cause: unknown): OperationalError {
    return new OperationalError('KEYS', `cannot read the keys in ${this.path}`, {
      cause,
      hint: 'let the user that the receiver runs as read that folder',
    });
  }

  #pathOf(name: string): string {
    return join(this.path, name);
  }
}

const fileOf = (camera: string): string => `${camera}.json`;
const seenOf = (camera: string): string => `${camera}.seen`;

/** @throws a system error: ELOOP when it is a link; Error: it is no file */
function readOwnFile(path: string): { readonly stats: Stats; readonly text: string } {
  const fd = openSync(path, asOwnFile);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error('it is no file');
    return { stats, text: readFileSync(fd, 'utf8') };
  } finally {
    closeSync(fd);
  }
}

/** For a change: never what was remembered. @throws {OperationalError} KEYS */
async function readIn(folder: PrivateFolder, camera: string, shown: string): Promise<CameraFile> {
  try {
    return v.parse(cameraFile, JSON.parse(await folder.read(fileOf(camera))));
  } catch (cause) {
    if (isAbsent(cause)) return {};
    throw unusable(shown, cause);
  }
}

function unusable(path: string, cause: unknown): OperationalError {
  // What is wrong with it is not told: a parser quotes what it reads, and here that is a key.
  const code = systemCode(cause);
  const reason = isLink(cause) ? 'it is a link' : (code ?? 'it is no file of keys');
  return new OperationalError('KEYS', `cannot use the keys in ${path}: ${reason}`, {
    hint: 'let the user that the receiver runs as read it; if it is damaged, remove it and pair again',
  });
}

/** Changes when a file or folder does; when it is settled, with certainty. */
function stampOf(stats: Stats | undefined): string {
  if (stats === undefined) return '';
  const { dev, ino, mtimeMs, ctimeMs, size } = stats;
  return [dev, ino, mtimeMs, ctimeMs, size].join(' ');
}

function isSettled(stats: Stats | undefined): boolean {
  return systemClock.nowMs() - (stats?.ctimeMs ?? Infinity) > settledAfterMs;
}

function isAbsent(error: unknown): boolean {
  return systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR';
}

/** O_NOFOLLOW fails with it; on a folder with ENOTDIR. */
function isLink(error: unknown): boolean {
  return systemCode(error) === 'ELOOP' || systemCode(error) === 'ENOTDIR';
}
