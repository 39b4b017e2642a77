/**
 * The directory of a record mirror. It belongs to one process at a time, by a lock that ends with it; another process
 * that reads the same bucket meanwhile gets a directory of its own beside it.
 */
import { type FileHandle, mkdir, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OperationalError } from '../../../shared/cli/errors.js';
import { flock } from '../../../shared/files/flock.js';
import { ifExists } from '../../../shared/files/if-exists.js';
import { markerName } from '../../store/store-marker.js';

const lockName = '.lock';
/** Processes on one machine that read the same bucket. */
const maxFolders = 8;

export interface MirrorFolder {
  readonly path: string;
  release(): Promise<void>;
}

/** The parent of mirrors. @param given `--cache` */
export function mirrorsPath(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (given !== undefined) return given;
  // systemd names each `CacheDirectory=`, the first one first.
  const [service] = env.CACHE_DIRECTORY?.split(':') ?? [];
  if (service) return service;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'picchanged');
}

/**
 * Makes or takes the mirror of a bucket: `PARENT/ID`, else `PARENT/ID-2` and so on.
 * @param id of the bucket @throws {OperationalError} STORE
 */
export async function takeMirrorFolder(parent: string, id: string): Promise<MirrorFolder> {
  try {
    for (let number = 1; number <= maxFolders; number += 1) {
      const path = join(parent, number === 1 ? id : `${id}-${number}`);
      await mkdir(path, { recursive: true, mode: 0o700 });
      const lock = await takeLock(path);
      if (lock === undefined) continue;
      await checkMarker(path, id, lock);
      // Copies of frames that a killed process has left.
      const left = (await readdir(path)).filter((name) => name.startsWith('.frame-'));
      for (const name of left) await rm(join(path, name), { force: true });
      return { path, release: () => lock.close() };
    }
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    throw new OperationalError('STORE', `cannot write the record mirror in ${parent}`, {
      cause,
      hint: 'name a directory that this user may write: --cache DIR',
    });
  }
  throw new OperationalError('STORE', `${maxFolders} processes read this bucket by ${parent}`, {
    hint: 'end one of them, or name another directory: --cache DIR',
  });
}

/** @returns undefined: another process has it */
async function takeLock(path: string): Promise<FileHandle | undefined> {
  const file = await open(join(path, lockName), 'a', 0o600);
  try {
    if ((await flock(file, { mode: 'exclusive' })) !== 'held') return file;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

/** @throws {OperationalError} STORE: it is the mirror of another bucket */
async function checkMarker(path: string, id: string, lock: FileHandle): Promise<void> {
  const marker = join(path, markerName);
  const text = await ifExists(readFile(marker, 'utf8'));
  if (text?.includes(`"${id}"`)) return;
  if (text === undefined || text === '') {
    await writeFile(marker, `${JSON.stringify({ id })}\n`, { mode: 0o600 });
    return;
  }
  await lock.close();
  throw new OperationalError('STORE', `${path} is the mirror of another bucket: see ${marker}`, {
    hint: `remove ${path}: it is made anew`,
  });
}
