/**
 * One file that another program is writing, from its first report until it is taken: it must be a complete JPEG and
 * unchanged between two checks. The owner decides which versions are new.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { formatDuration, formatSize } from '../../shared/cli/units.js';
import { DamagedVersions } from './damaged-versions.js';
import { WriteStability } from './write-stability.js';

export interface PendingFileRules {
  readonly maxFrameBytes: number;
  /** True: a symbolic link stands for its target. False: links are ignored. */
  readonly followsLinks: boolean;
  /** A file that stays unchanged for this long and is not a complete JPEG is refused. */
  readonly stabilityTimeoutMs: number;
}

/** One content of a path, identified by inode, size and modification time. */
export interface FileVersion {
  readonly id: string;
  readonly sizeBytes: number;
  /** Wall time. */
  readonly modifiedAtMs: number;
}

export type TakeResult =
  | { readonly kind: 'jpeg'; readonly jpeg: Buffer; readonly version: FileVersion }
  /** Not yet: check again. */
  | { readonly kind: 'wait' }
  /** This version cannot become a frame; the FRAME error has the reason. */
  | { readonly kind: 'refused'; readonly version: FileVersion; readonly error: OperationalError };

const missingCodes = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** @returns undefined when there is no regular file @throws when that is unknown: a disk fails, a folder is locked */
export async function statVersion(
  path: string,
  followsLinks: boolean,
): Promise<FileVersion | undefined> {
  try {
    const stats = await (followsLinks ? stat(path) : lstat(path));
    return stats.isFile() ? versionOf(stats) : undefined;
  } catch (error) {
    if (missingCodes.includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

export class PendingFile {
  readonly #path: string;
  readonly #rules: PendingFileRules;
  readonly #stability: WriteStability;
  readonly #damaged: DamagedVersions;
  /** Monotonic time of its first report. */
  readonly sinceMs: number;
  #version: FileVersion | undefined;
  #damage: string | undefined;
  /** Monotonic time since when no check could tell whether there is a file; undefined: the last one could. */
  #unknownSinceMs: number | undefined;
  #isUnknownReported = false;

  /** @param damaged of earlier reports of the file */
  constructor(
    path: string,
    rules: PendingFileRules,
    nowMs: number,
    damaged = new DamagedVersions(),
  ) {
    this.#path = path;
    this.#damaged = damaged;
    this.#rules = rules;
    this.sinceMs = nowMs;
    this.#stability = new WriteStability(nowMs);
  }

  /** Monotonic time of the next check. */
  get dueAtMs(): number {
    return this.#stability.dueAtMs;
  }

  /** The version at the last check that could tell. */
  get version(): FileVersion | undefined {
    return this.#version;
  }

  /** The version at the last check; before the first check, the current version, which does not count as a check. */
  async peek(): Promise<FileVersion | undefined> {
    const { followsLinks } = this.#rules;
    return (this.#version ??= await statVersion(this.#path, followsLinks).catch(() => undefined));
  }

  /** Why the last version that was read is not a complete JPEG. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** True: the last check could not tell whether there is a file. */
  get isUnknown(): boolean {
    return this.#unknownSinceMs !== undefined;
  }

  /** True: it was thrown that nothing is known of it, and nothing is. */
  get isUnknownForLong(): boolean {
    return this.isUnknown && this.#isUnknownReported;
  }

  changed(nowMs: number): void {
    this.#stability.changed(nowMs);
  }

  /**
   * @param doneId the version that was taken or refused before
   * @returns stable: `take` it now. done: there is no new version and no change is expected. A file of which nothing
   *   is known is neither new nor gone: wait.
   * @throws {OperationalError} FRAME: nothing is known of it for `stabilityTimeoutMs`; once
   */
  async check(doneId: string | undefined, nowMs: number): Promise<'wait' | 'stable' | 'done'> {
    try {
      this.#version = await statVersion(this.#path, this.#rules.followsLinks);
      this.#unknownSinceMs = undefined;
    } catch (cause) {
      this.#unknownSinceMs ??= nowMs;
      this.#stability.incomplete(nowMs);
      const isLong = nowMs - this.#unknownSinceMs >= this.#rules.stabilityTimeoutMs;
      if (!isLong || this.#isUnknownReported) return 'wait';
      this.#isUnknownReported = true;
      throw new OperationalError('FRAME', `${this.#path} cannot be examined`, { cause });
    }
    if (!this.#stability.checked(this.#version?.id, nowMs)) return 'wait';
    if (this.#version !== undefined && this.#version.id !== doneId) return 'stable';
    return this.#stability.isQuiet(nowMs) ? 'done' : 'wait';
  }

  /** Reads the version that `check` found stable, and only that one. */
  async take(nowMs: number): Promise<TakeResult> {
    const version = this.#version;
    if (version === undefined) return { kind: 'wait' };
    const refuse = (reason: string, cause?: unknown): TakeResult => {
      const error = new OperationalError('FRAME', `${this.#path} ${reason}`, { cause });
      return { kind: 'refused', version, error };
    };
    const { maxFrameBytes, stabilityTimeoutMs } = this.#rules;
    if (version.sizeBytes > maxFrameBytes) {
      return refuse(`has ${version.sizeBytes} bytes; the limit is ${formatSize(maxFrameBytes)}`);
    }
    // A later attempt may succeed: the writer pauses or sets the mode last, or file descriptors are short.
    const isLastChance = this.#stability.stableForMs(nowMs) >= stabilityTimeoutMs;
    let jpeg: Buffer | undefined;
    try {
      jpeg = await readVersion(this.#path, version, this.#rules.followsLinks);
    } catch (cause) {
      if (isLastChance) return refuse('cannot be read', cause);
      this.#damage = `it cannot be read (${systemCode(cause) ?? String(cause)})`;
      this.#stability.incomplete(nowMs);
      return { kind: 'wait' };
    }
    if (jpeg === undefined) return { kind: 'wait' };
    this.#damage = findJpegDamage(jpeg);
    if (this.#damage === undefined) {
      this.#damaged.end();
      return { kind: 'jpeg', jpeg, version };
    }
    this.#damaged.add(version, nowMs);
    const limit = formatDuration(stabilityTimeoutMs);
    if (this.#damaged.haveLasted(stabilityTimeoutMs, nowMs)) {
      return refuse(
        `is written again and again, and was no complete JPEG for ${limit}: ${this.#damage}`,
      );
    }
    if (isLastChance) {
      return refuse(`is not a complete JPEG and has not changed for ${limit}: ${this.#damage}`);
    }
    this.#stability.incomplete(nowMs);
    return { kind: 'wait' };
  }
}

/** @returns undefined when the file is another version, or changes while it is read */
async function readVersion(
  path: string,
  version: FileVersion,
  followsLinks: boolean,
): Promise<Buffer | undefined> {
  // O_NONBLOCK: opening a pipe that replaced the file would block for ever.
  const flags =
    constants.O_RDONLY | constants.O_NONBLOCK | (followsLinks ? 0 : constants.O_NOFOLLOW);
  const file = await open(path, flags).catch((error: unknown) => {
    if (missingCodes.includes(systemCode(error) ?? '')) return undefined;
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

export function versionOf(stats: Stats): FileVersion {
  const { ino, size, mtimeMs } = stats;
  // No device number: a disk that is mounted again may have another one, and its files are the same.
  return { id: `${ino}:${size}:${mtimeMs}`, sizeBytes: size, modifiedAtMs: mtimeMs };
}
