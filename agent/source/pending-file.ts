/**
 * One file that another program is writing, from the first word of it until it has been taken: when it is a
 * complete JPEG and has not changed between two looks. Which versions are news is for its owner to say.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { formatDuration, formatSize } from '../../shared/cli/units.js';
import { WriteStability } from './write-stability.js';

export interface PendingFileRules {
  readonly maxFrameBytes: number;
  /** A symbolic link is its target; otherwise it is no file at all. */
  readonly followsLinks: boolean;
  /** A file that stays the same for so long and is no whole JPEG is given up. */
  readonly stabilityTimeoutMs: number;
}

/** One content of one path, told from the next by file, size and time. */
export interface FileVersion {
  readonly id: string;
  readonly sizeBytes: number;
  /** Wall time. */
  readonly modifiedAtMs: number;
}

export type Taken =
  | { readonly kind: 'jpeg'; readonly jpeg: Buffer; readonly version: FileVersion }
  /** Not yet: look again. */
  | { readonly kind: 'wait' }
  /** This version will never be a frame; FRAME says why. */
  | { readonly kind: 'refused'; readonly version: FileVersion; readonly error: OperationalError };

/** @returns undefined where no regular file is, or none that can be looked at */
export async function lookAt(
  path: string,
  followsLinks: boolean,
): Promise<FileVersion | undefined> {
  try {
    const stats = await (followsLinks ? stat(path) : lstat(path));
    return stats.isFile() ? versionOf(stats) : undefined;
  } catch {
    // Gone, or in a folder that cannot be searched: the owner of the folder says so.
    return undefined;
  }
}

export class PendingFile {
  readonly #path: string;
  readonly #rules: PendingFileRules;
  readonly #stability: WriteStability;
  /** When its owner was first told of it. Monotonic. */
  readonly sinceMs: number;
  #version: FileVersion | undefined;
  #damage: string | undefined;

  constructor(path: string, rules: PendingFileRules, nowMs: number) {
    this.#path = path;
    this.#rules = rules;
    this.sinceMs = nowMs;
    this.#stability = new WriteStability(nowMs);
  }

  /** Monotonic time of the next look. */
  get dueAtMs(): number {
    return this.#stability.dueAtMs;
  }

  /** What the last look found. */
  get version(): FileVersion | undefined {
    return this.#version;
  }

  /** What the last look found; looks if there was none, which counts for nothing else. */
  async peek(): Promise<FileVersion | undefined> {
    return (this.#version ??= await lookAt(this.#path, this.#rules.followsLinks));
  }

  /** Why the last version read was no whole JPEG, to complete "the JPEG is damaged: …". */
  get damage(): string | undefined {
    return this.#damage;
  }

  told(nowMs: number): void {
    this.#stability.changed(nowMs);
  }

  /**
   * @param doneId the version that is no news: taken or refused before
   * @returns still: `take` it now. over: nothing new is there or on its way, forget it.
   */
  async look(doneId: string | undefined, nowMs: number): Promise<'wait' | 'still' | 'over'> {
    this.#version = await lookAt(this.#path, this.#rules.followsLinks);
    if (!this.#stability.checked(this.#version?.id, nowMs)) return 'wait';
    if (this.#version !== undefined && this.#version.id !== doneId) return 'still';
    return this.#stability.isQuiet(nowMs) ? 'over' : 'wait';
  }

  /** Reads the version that `look` found still, and only that one. */
  async take(nowMs: number): Promise<Taken> {
    const version = this.#version;
    if (version === undefined) return { kind: 'wait' };
    const refuse = (what: string, cause?: unknown): Taken => {
      const error = new OperationalError('FRAME', `${this.#path} ${what}`, { cause });
      return { kind: 'refused', version, error };
    };
    const { maxFrameBytes, stabilityTimeoutMs } = this.#rules;
    if (version.sizeBytes > maxFrameBytes) {
      return refuse(`has ${version.sizeBytes} bytes; the limit is ${formatSize(maxFrameBytes)}`);
    }
    // What will not do yet may do soon: a writer pauses, sets the file's mode last, or the system is short of files.
    const isLastChance = this.#stability.stableForMs(nowMs) >= stabilityTimeoutMs;
    let jpeg: Buffer | undefined;
    try {
      jpeg = await readVersion(this.#path, version, this.#rules.followsLinks);
    } catch (cause) {
      if (isLastChance) return refuse('cannot be read', cause);
      this.#damage = `it cannot be read (${systemCode(cause) ?? String(cause)})`;
      this.#stability.notWhole(nowMs);
      return { kind: 'wait' };
    }
    if (jpeg === undefined) return { kind: 'wait' };
    this.#damage = findJpegDamage(jpeg);
    if (this.#damage === undefined) return { kind: 'jpeg', jpeg, version };
    if (isLastChance) {
      const waited = formatDuration(stabilityTimeoutMs);
      return refuse(`is no whole JPEG and nothing has been added for ${waited}: ${this.#damage}`);
    }
    this.#stability.notWhole(nowMs);
    return { kind: 'wait' };
  }
}

/** @returns undefined when the file is no longer, or does not stay, the version asked for */
async function readVersion(
  path: string,
  version: FileVersion,
  followsLinks: boolean,
): Promise<Buffer | undefined> {
  // A pipe put there since the look would hold an open without O_NONBLOCK for ever.
  const flags =
    constants.O_RDONLY | constants.O_NONBLOCK | (followsLinks ? 0 : constants.O_NOFOLLOW);
  const file = await open(path, flags).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    if (versionOf(await file.stat()).id !== version.id) return undefined;
    const bytes = Buffer.allocUnsafeSlow(version.sizeBytes);
    let readBytes = 0;
    while (readBytes < bytes.length) {
      const { bytesRead } = await file.read(bytes, readBytes);
      if (bytesRead === 0) return undefined;
      readBytes += bytesRead;
    }
    return versionOf(await file.stat()).id === version.id ? bytes : undefined;
  } finally {
    await file.close();
  }
}

function versionOf(stats: Stats): FileVersion {
  const { dev, ino, size, mtimeMs } = stats;
  return { id: `${dev}:${ino}:${size}:${mtimeMs}`, sizeBytes: size, modifiedAtMs: mtimeMs };
}
