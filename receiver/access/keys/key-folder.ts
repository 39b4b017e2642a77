/**
 * The receiver's keys on disk: a folder of mode 0700, in it `<camera>.json` (0600) with the camera's key and its
 * pairing code, `<camera>.seen` with its last connection, and `closed`, which marks that a camera was paired once and
 * is never removed. Files are replaced atomically; a writer holds flock(2) on `.lock`. The folder's owner and the
 * writer may differ (`sudo receiver pair`): no link in the folder is followed.
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
import { PrivateFolder, asOwnFile, withFolder } from '../../../shared/files/private-file.js';
import { isAbsent } from '../../../shared/files/if-exists.js';
import { flock } from '../../../shared/files/flock.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import { type CameraFile, type Seen, cameraFile, seenFile } from './camera-file.js';
import { keepEarlierKey } from './earlier-key.js';

/** Two changes in one tick of the file system's clock have the same stamp: a younger file is read again each time. */
const settledAfterMs = 2000;

const closedName = 'closed';
const closedText =
  'A camera was paired here. While this file is there, only paired cameras are accepted.\n';
const lockName = '.lock';
/** A writer holds the lock for milliseconds. */
const lockWaitS = 4;

/** A value that was read, with the stamp of the file or folder at that time. */
interface Cached<T> {
  readonly stamp: string;
  readonly value: T;
}

export class KeyFolder {
  readonly path: string;
  #withCode: Cached<readonly string[]> | undefined;
  readonly #files = new Map<string, Cached<CameraFile>>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * All cameras that have a file; empty when there is no folder.
   * @throws {OperationalError} KEYS: a file or the folder cannot be read or parsed
   */
  cameras(): { camera: string; file: CameraFile }[] {
    return this.#names().flatMap((camera) => {
      const file = this.read(camera);
      return file === undefined ? [] : [{ camera, file }];
    });
  }

  /**
   * The cameras that had a code when the folder last changed; read the file for the current state. Any peer can cause
   * this call at any rate, so the result is cached until the folder changes.
   * @throws {OperationalError} KEYS: a file or the folder cannot be read or parsed
   */
  camerasWithCode(): readonly string[] {
    const folder = this.#stat();
    const stamp = stampOf(folder);
    if (this.#withCode?.stamp === stamp) return this.#withCode.value;
    const found = this.cameras().filter(({ file }) => file.code !== undefined);
    const value = found.map(({ camera }) => camera);
    this.#withCode = isSettled(folder) ? { stamp, value } : undefined;
    return value;
  }

  /**
   * Synchronous, since it is called for each frame and each handshake. The content is cached until the file changes,
   * so that a camera with a file and one without cost the same: one lstat.
   * @throws {OperationalError} KEYS
   */
  read(camera: string): CameraFile | undefined {
    const path = this.#pathOf(fileOf(camera));
    try {
      const current = lstatSync(path, { throwIfNoEntry: false });
      const cached = this.#files.get(camera);
      if (current === undefined) this.#files.delete(camera);
      if (current === undefined || cached?.stamp === stampOf(current)) {
        return current && cached?.value;
      }
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

  /** True from the first pairing on. @throws {OperationalError} KEYS: the folder cannot be read */
  isClosed(): boolean {
    try {
      // Any entry of that name counts, a dangling link too.
      return lstatSync(this.#pathOf(closedName), { throwIfNoEntry: false }) !== undefined;
    } catch (cause) {
      if (isAbsent(cause)) return false;
      throw this.#unreadable(cause);
    }
  }

  /**
   * Changes a camera's file under the lock.
   * @param change returns the new content; undefined removes the file, the same object leaves it
   * @throws {OperationalError} KEYS: nothing is changed
   */
  async update(
    camera: string,
    change: (file: CameraFile) => CameraFile | undefined,
  ): Promise<void> {
    await this.#locked(async (folder) => {
      const before = await readIn(folder, camera, this.#pathOf(fileOf(camera)));
      const after = change(before);
      if (after === before) return;
      await keepEarlierKey(folder, camera, before.signer?.publicKey, after?.signer?.publicKey);
      if (after === undefined) {
        await folder.remove(fileOf(camera), seenOf(camera));
        return;
      }
      // Before the first key, so that a power cut leaves no paired camera at an open receiver.
      if (after.paired !== undefined && !(await folder.names()).includes(closedName)) {
        await folder.write(closedName, closedText);
      }
      await folder.write(fileOf(camera), `${JSON.stringify(after)}\n`);
    });
  }

  /** For display only, so it is not flushed. @throws a system error */
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

  /** @returns undefined when the camera never connected, or the file cannot be read */
  async seen(camera: string): Promise<Seen | undefined> {
    try {
      const text = await withFolder(PrivateFolder.open(this.path), (folder) =>
        folder.read(seenOf(camera)),
      );
      return v.parse(seenFile, JSON.parse(text));
    } catch {
      return undefined; // absent, or being written
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.path)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length))
        .filter(isCameraName)
        .sort(naturalOrder);
    } catch (cause) {
      if (isAbsent(cause)) return [];
      throw this.#unreadable(cause);
    }
  }

  #stat(): Stats | undefined {
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
        // Two first writers lock the same file.
        if (!(await folder.names()).includes(lockName)) await folder.makeFile(lockName);
        const lock = await folder.openFile(lockName);
        try {
          const lockResult = await flock(lock, { mode: 'exclusive', waitS: lockWaitS });
          if (lockResult === 'held') throw new Error('another process holds the lock');
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
          ? 'links are not followed there: replace the link by a folder or file'
          : "run the command as the receiver's user, or with sudo",
      });
    }
  }

  #unreadable(cause: unknown): OperationalError {
    return new OperationalError('KEYS', `cannot read the keys in ${this.path}`, {
      cause,
      hint: "let the receiver's user read that folder",
    });
  }

  #pathOf(name: string): string {
    return join(this.path, name);
  }
}

const fileOf = (camera: string): string => `${camera}.json`;
const seenOf = (camera: string): string => `${camera}.seen`;

/** @throws a system error: ELOOP when it is a link; Error: it is not a regular file */
function readOwnFile(path: string): { readonly stats: Stats; readonly text: string } {
  const fd = openSync(path, asOwnFile);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error('not a regular file');
    return { stats, text: readFileSync(fd, 'utf8') };
  } finally {
    closeSync(fd);
  }
}

/** Uncached, for a change. @throws {OperationalError} KEYS */
async function readIn(folder: PrivateFolder, camera: string, path: string): Promise<CameraFile> {
  try {
    return v.parse(cameraFile, JSON.parse(await folder.read(fileOf(camera))));
  } catch (cause) {
    if (isAbsent(cause)) return {};
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): OperationalError {
  // The parser's message is left out: it quotes its input, which holds a key.
  const code = systemCode(cause);
  const reason = isLink(cause) ? 'it is a link' : (code ?? 'not a valid key file');
  return new OperationalError('KEYS', `cannot use the keys in ${path}: ${reason}`, {
    hint: "let the receiver's user read it; if it is damaged, remove it and pair again",
  });
}

/** Changes when a file or folder changes; reliable when the last change is older than `settledAfterMs`. */
function stampOf(stats: Stats | undefined): string {
  if (stats === undefined) return '';
  const { dev, ino, mtimeMs, ctimeMs, size } = stats;
  return [dev, ino, mtimeMs, ctimeMs, size].join(' ');
}

function isSettled(stats: Stats | undefined): boolean {
  return systemClock.nowMs() - (stats?.ctimeMs ?? Infinity) > settledAfterMs;
}

/** O_NOFOLLOW fails with ELOOP on a link, with ENOTDIR where a folder is expected. */
function isLink(error: unknown): boolean {
  return systemCode(error) === 'ELOOP' || systemCode(error) === 'ENOTDIR';
}
