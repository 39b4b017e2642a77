/**
 * Frames from a directory, one file each, written by another program: `.jpg` or `.jpeg`; no dot files, no symbolic
 * links (the target, often in the same directory, would be sent twice); subdirectories where that is wanted. A file is
 * a frame each time it is written. Frames are in the order of their modification times.
 *
 * Without `consumed`, files that exist when the source opens are not frames. With it they are, and a file is removed
 * when its frame is released: it was passed over, or every receiver has acknowledged it. A file that was refused, that
 * is no JPEG, or that was written again meanwhile stays.
 *
 * Memory: a short entry for each file in the directory, and one frame.
 */
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import type { ConsumedFiles } from './consumed-files.js';
import { PendingFile, statVersion } from './pending-file.js';
import { WakeableSleep } from './wakeable-sleep.js';
import { checkMs } from './directory-watch.js';
import { FolderTree, isNoUtf8 } from './folder-tree.js';
import type { CapturedFrame, FrameSource, PollObserver } from './frame-source.js';

export interface FolderSettings {
  readonly directory: string;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  readonly observer?: PollObserver | undefined;
  /** Maximum time that a file may stay unchanged and incomplete before FRAME is thrown. Default 10 s. */
  readonly stabilityTimeoutMs?: number;
  /** Also frames from subfolders. Default false. */
  readonly isRecursive?: boolean;
  /** With it, existing files are frames too, and files are removed when their frames are released. */
  readonly consumed?: ConsumedFiles | undefined;
  readonly log?: Pick<Log, 'info' | 'warn'> | undefined;
}

/** @throws {UsageError} the directory does not exist @throws {OperationalError} CAMERA: it cannot be watched */
export async function openFolder(settings: FolderSettings): Promise<FrameSource> {
  const folder = new Folder(settings);
  await folder.open();
  return folder;
}

/** Maximum time that a new file waits for older files of the same burst. */
const burstMs = 2000;
/** After so many files that are no pictures, and none that is one, the folder does not count as watched. */
const mostRefused = 3;

export const isFrameName = (name: string): boolean => /^[^.].*\.jpe?g$/is.test(name);

class Folder implements FrameSource {
  readonly name: string;
  readonly pace = 'files';
  readonly #settings: FolderSettings;
  readonly #wakeup = new WakeableSleep();
  #watch: FolderTree | undefined;
  readonly #consumed: ConsumedFiles | undefined;
  /** By path below the directory, the version that is not a new frame: it existed at the start, or was taken or refused. */
  readonly #done = new Map<string, string>();
  /** By path, in the order in which they were reported. */
  readonly #pending = new Map<string, PendingFile>();
  /** Paths of stable files that are to be read. */
  readonly #stable = new Set<string>();
  /** Paths of files that existed at the start, and were not reported since. */
  readonly #existing = new Set<string>();
  /** New files that were refused since the last frame. */
  #refused = 0;
  #hasToldOfName = false;
  /** The stable files in order; undefined: to be sorted again. Files that are stable no more are left in it. */
  #newestFirst: string[] | undefined;

  constructor(settings: FolderSettings) {
    this.#settings = settings;
    this.name = `folder ${settings.directory}`;
    this.#consumed = settings.consumed;
  }

  async open(): Promise<void> {
    const { directory, clock } = this.#settings;
    this.#watch = await FolderTree.open({
      directory,
      clock,
      isRecursive: this.#settings.isRecursive ?? false,
      wants: isFrameName,
      onName: (name) => {
        this.#existing.delete(name);
        this.#changed(name);
      },
      onRemoved: (folder) => this.#forgetFolder(folder),
      onIgnored: (folder) =>
        this.#settings.log?.warn('subfolders are not watched: --recursive takes their files', {
          subfolder: join(directory, folder),
        }),
      onUnreadable: (folder) => this.#tellOfName(folder),
    });
    for (const name of await this.#watch.names()) {
      const path = join(directory, name);
      const version = await statVersion(path, false).catch(() => 'unknown' as const);
      if (version === 'unknown') {
        if (this.#consumed !== undefined) this.#changed(name);
        continue;
      }
      if (version === undefined && isNoUtf8(name)) this.#tellOfName(name);
      const isFrame = version && this.#consumed && !this.#consumed.isTaken(path, version);
      if (isFrame === true) {
        this.#existing.add(name);
        this.#changed(name);
      } else if (version) this.#done.set(name, version.id);
    }
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    const { clock } = this.#settings;
    for (;;) {
      signal.throwIfAborted();
      // The directory was replaced: checking all known names removes those that no longer exist.
      if (await this.#watch?.check()) for (const name of this.#done.keys()) this.#changed(name);
      const frame = await this.#readStable();
      if (frame !== undefined) return frame;
      if (await this.#checkPending()) continue;
      this.#settings.observer?.polled(this.#pending.size === 0, this.#isPresent);
      let dueAtMs = clock.monotonicMs() + checkMs;
      for (const file of this.#pending.values()) dueAtMs = Math.min(dueAtMs, file.dueAtMs);
      await this.#wakeup.sleep(Math.max(0, dueAtMs - clock.monotonicMs()), clock, signal);
    }
  }

  close(): Promise<void> {
    this.#watch?.close();
    this.#wakeup.endTimer();
    return Promise.resolve();
  }

  /** Whether the folder is watched, and what comes into it can be a picture. */
  get #isPresent(): boolean {
    if (this.#watch?.isWatching !== true || this.#refused >= mostRefused) return false;
    return ![...this.#pending.values()].some((file) => file.isUnknownForLong);
  }

  /** Once: a camera that names one file so names all. */
  #tellOfName(name: string): void {
    if (this.#hasToldOfName) return;
    this.#hasToldOfName = true;
    this.#settings.log?.warn(
      'files are not taken: their names, or those of folders, are no UTF-8',
      {
        first: join(this.#settings.directory, name),
        hint: 'let the program that writes them name them in UTF-8 or ASCII',
      },
    );
  }

  #forgetFolder(folder: string): void {
    for (const name of this.#done.keys())
      if (name.startsWith(`${folder}/`)) this.#done.delete(name);
  }

  #changed(name: string): void {
    const { directory, clock, maxFrameBytes, stabilityTimeoutMs = 10_000 } = this.#settings;
    const nowMs = clock.monotonicMs();
    const known = this.#pending.get(name);
    if (known) known.changed(nowMs);
    else {
      const rules = { maxFrameBytes, stabilityTimeoutMs, followsLinks: false };
      this.#pending.set(name, new PendingFile(join(directory, name), rules, nowMs));
    }
    this.#wakeup.wake();
  }

  /** Checks every file that is due. @returns whether one of them is stable */
  async #checkPending(): Promise<boolean> {
    const { clock } = this.#settings;
    const nowMs = clock.monotonicMs();
    let hasStable = false;
    for (const [name, file] of this.#pending) {
      if (file.dueAtMs > nowMs) continue;
      const state = await file.check(this.#done.get(name), clock.monotonicMs());
      this.#stable.delete(name);
      if (state === 'stable') {
        this.#stable.add(name);
        this.#newestFirst = undefined;
        hasStable = true;
      } else if (state === 'done') {
        this.#pending.delete(name);
        if (file.version !== undefined) continue;
        this.#done.delete(name);
        if (isNoUtf8(name)) this.#tellOfName(name);
      }
    }
    return hasStable;
  }

  /** Reads stable files, the oldest first, until one of them is a frame. */
  async #readStable(): Promise<CapturedFrame | undefined> {
    for (;;) {
      const name = this.#oldestStable();
      if (name === undefined || (await this.#isPreceded(name))) return undefined;
      this.#stable.delete(name);
      const result = await this.#pending.get(name)?.take(this.#settings.clock.monotonicMs());
      if (result === undefined || result.kind === 'wait') continue;
      this.#done.set(name, result.version.id);
      if (result.kind === 'refused') {
        // One that existed says nothing of the camera now: an earlier run may have refused it too.
        if (!this.#existing.delete(name)) this.#refused += 1;
        throw result.error;
      }
      if (!this.#existing.delete(name)) this.#refused = 0;
      const { jpeg, version } = result;
      const origin = join(this.#settings.directory, name);
      const frame = { jpeg, capturedAtMs: Math.round(version.modifiedAtMs), origin };
      const consumed = this.#consumed;
      if (consumed === undefined) return frame;
      // Nothing was known of it at the start.
      if (consumed.isTaken(origin, version)) continue;
      return { ...frame, lifecycle: consumed.lifecycle(origin, version, jpeg) };
    }
  }

  #oldestStable(): string | undefined {
    const timeOf = (name: string): number => this.#pending.get(name)?.version?.modifiedAtMs ?? 0;
    this.#newestFirst ??= [...this.#stable].sort(
      (a, b) => timeOf(b) - timeOf(a) || (a < b ? 1 : -1),
    );
    let oldest = this.#newestFirst.at(-1);
    while (oldest !== undefined && !this.#stable.has(oldest)) {
      this.#newestFirst.pop();
      oldest = this.#newestFirst.at(-1);
    }
    return oldest;
  }

  /**
   * True while an older file of the same burst is pending: the watcher reports the files of a burst in any order, and
   * some of them late.
   */
  async #isPreceded(name: string): Promise<boolean> {
    const file = this.#pending.get(name);
    const isRecent = (pending: PendingFile): boolean =>
      this.#settings.clock.monotonicMs() - pending.sinceMs < burstMs;
    if (file?.version === undefined || !isRecent(file)) return false;
    const { modifiedAtMs } = file.version;
    await this.#watch?.reportNew(name);
    for (const [otherName, other] of this.#pending) {
      // A file with a damaged version is still being written, however old it is.
      if (this.#stable.has(otherName) || !isRecent(other)) continue;
      if (other.damage !== undefined || other.isUnknown) continue;
      const version = await other.peek();
      if (version === undefined || version.id === this.#done.get(otherName)) continue;
      if (version.modifiedAtMs < modifiedAtMs) return true;
    }
    return false;
  }
}
