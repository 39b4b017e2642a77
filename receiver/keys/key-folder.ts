/**
 * The receiver's keys on disk: a folder of mode 0700, in it `<camera>.json` (0600) with the camera's key and
 * its pairing code, `<camera>.seen` with when it was last here, and `closed`, which says that a camera was
 * paired once and stays for ever. Files are replaced whole; who changes one holds flock(2) on `.lock`.
 */
import { type Stats, readFileSync, readdirSync, statSync } from 'node:fs';
import { chmod, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isCameraName } from '../../shared/camera-name.js';
import { systemClock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/errors.js';
import { keyHexPattern, keyIdPattern } from '../../shared/keys/identity.js';
import { makePrivateFolder, writePrivateFile } from '../../shared/private-file.js';
import { runWithFile } from '../run-program.js';

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
  'A camera was paired here. While this file is there, only paired cameras are heard.\n';

export class KeyFolder {
  readonly path: string;
  #withCode: { readonly stamp: string; readonly cameras: readonly string[] } | undefined;

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
   * The cameras for which there was a code when the folder last changed: read the file to know. Anybody may
   * make us ask, as often as he likes, so the files are read once only.
   * @throws {OperationalError} KEYS: something cannot be read or understood
   */
  camerasWithCode(): readonly string[] {
    const folder = this.#look(this.path);
    const stamp = `${folder?.ino ?? ''} ${folder?.mtimeMs ?? ''} ${folder?.ctimeMs ?? ''}`;
    if (this.#withCode?.stamp === stamp) return this.#withCode.cameras;
    const found = this.cameras().filter(({ file }) => file.code !== undefined);
    const cameras = found.map(({ camera }) => camera);
    const isSettled = systemClock.nowMs() - (folder?.ctimeMs ?? Infinity) > settledAfterMs;
    this.#withCode = isSettled ? { stamp, cameras } : undefined;
    return cameras;
  }

  /** Synchronous, since TLS asks in the middle of its handshake. @throws {OperationalError} KEYS */
  read(camera: string): CameraFile | undefined {
    const path = this.#fileOf(camera);
    try {
      return v.parse(cameraFile, JSON.parse(readFileSync(path, 'utf8')));
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      // What is wrong with it is not told: a parser quotes what it reads, and here that is a key.
      const reason = systemCode(cause) === undefined ? 'it is no file of keys' : systemCode(cause);
      throw new OperationalError('KEYS', `cannot use the keys in ${path}: ${reason ?? ''}`, {
        hint: 'let the user that the receiver runs as read it; if it is damaged, remove it and pair again',
      });
    }
  }

  /** True from the first pairing on. @throws {OperationalError} KEYS: whether it is cannot be told */
  isClosed(): boolean {
    return this.#look(join(this.path, closedName)) !== undefined;
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
    await this.#locked(async () => {
      const before = this.read(camera) ?? {};
      const after = change(before);
      if (after === before) return;
      if (after === undefined) {
        await rm(this.#fileOf(camera), { force: true });
        await rm(this.#seenOf(camera), { force: true });
        return;
      }
      // Before the first key, so that no cut leaves a paired camera in an open receiver.
      if (after.paired !== undefined && !this.isClosed()) {
        await writePrivateFile(join(this.path, closedName), closedText);
      }
      await writePrivateFile(this.#fileOf(camera), `${JSON.stringify(after)}\n`);
    });
  }

  /** For people: nothing depends on it, so it is not flushed. @throws a system error */
  async noteSeen(camera: string, seen: Seen): Promise<void> {
    await writeFile(this.#seenOf(camera), `${JSON.stringify(seen)}\n`, { mode: 0o600 });
  }

  /** @returns undefined when it was never here, or that cannot be read */
  async seen(camera: string): Promise<Seen | undefined> {
    try {
      return v.parse(seenFile, JSON.parse(await readFile(this.#seenOf(camera), 'utf8')));
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

  #look(path: string): Stats | undefined {
    try {
      return statSync(path, { throwIfNoEntry: false });
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw this.#unreadable(cause);
    }
  }

  async #locked(work: () => Promise<void>): Promise<void> {
    try {
      await makePrivateFolder(this.path);
      const look = this.#look(this.path);
      if (look !== undefined && (look.mode & 0o077) !== 0) await chmod(this.path, 0o700);
      const lockPath = join(this.path, '.lock');
      if (this.#look(lockPath) === undefined) await writePrivateFile(lockPath, '');
      const lock = await open(lockPath, 'r');
      try {
        await flock(lock.fd);
        await work();
      } finally {
        await lock.close();
      }
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      throw new OperationalError('KEYS', `cannot write keys in ${this.path}`, {
        cause,
        hint: 'type it as the user that the receiver runs as, or with sudo',
      });
    }
  }

  #unreadable(cause: unknown): OperationalError {
    return new OperationalError('KEYS', `cannot read the keys in ${this.path}`, {
      cause,
      hint: 'let the user that the receiver runs as read that folder',
    });
  }

  #fileOf(camera: string): string {
    return join(this.path, `${camera}.json`);
  }

  #seenOf(camera: string): string {
    return join(this.path, `${camera}.seen`);
  }
}

/** Waits for whoever has it; they hold it for milliseconds. */
async function flock(fd: number): Promise<void> {
  try {
    const code = await runWithFile('flock', ['--exclusive', '--timeout', '4', '3'], fd);
    if (code === 1) throw new Error('another process has it locked');
  } catch (error) {
    // Without util-linux (macOS) one process serves; a person rarely types at the same moment.
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR';
}
