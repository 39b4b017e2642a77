/**
 * Frames that another program writes into a directory, one file each: `.jpg` or `.jpeg`, not below it, no dot
 * files, no symbolic links (a link names a frame that is written elsewhere, often in the same directory, and
 * would send it twice). A file is a frame each time it has been written; those already there when the source
 * opens are none. They come in the order in which they were finished, as far as their times tell it.
 *
 * Memory: a short entry for each file in the directory, and the one frame that is being handed over. Chokidar
 * looks at every file of the directory each time something happens in it: cheap with hundreds, not with many
 * thousands.
 */
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { PendingFile, lookAt } from './pending-file.js';
import { WakeableSleep } from './wakeable-sleep.js';
import { checkMs, DirectoryWatch } from './directory-watch.js';
import type { CapturedFrame, FrameSource } from './frame-source.js';

export interface FolderSettings {
  readonly directory: string;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Told of every look that found no frame; `isQuiet`: nothing is being written either. */
  readonly onLooked: (isQuiet: boolean) => void;
  /** How long a file may stay unchanged and unfinished before FRAME is thrown for it. Default 10 s. */
  readonly settleTimeoutMs?: number;
}

/** @throws {UsageError} no such directory @throws {OperationalError} CAMERA: it cannot be watched */
export async function openFolder(settings: FolderSettings): Promise<FrameSource> {
  const folder = new Folder(settings);
  await folder.open();
  return folder;
}

/** For so long after it was first told a file waits for older ones of the same burst. */
const burstMs = 2000;

const isFrameName = (name: string): boolean => /^[^.].*\.jpe?g$/is.test(name);

class Folder implements FrameSource {
  readonly name: string;
  readonly isPaced = false;
  readonly #settings: FolderSettings;
  readonly #wakeup = new WakeableSleep();
  #watch: DirectoryWatch | undefined;
  /** By name, the version that is no news: there at the start, handed over or refused. */
  readonly #done = new Map<string, string>();
  /** By name, in the order of arrival. */
  readonly #arriving = new Map<string, PendingFile>();
  /** Names whose file holds still and is to be read. */
  readonly #still = new Set<string>();

  constructor(settings: FolderSettings) {
    this.#settings = settings;
    this.name = `folder ${settings.directory}`;
  }

  async open(): Promise<void> {
    const { directory, clock } = this.#settings;
    this.#watch = await DirectoryWatch.open({
      directory,
      clock,
      wants: isFrameName,
      followsLinks: false,
      onName: (name) => this.#told(name),
    });
    for (const name of await this.#watch.names()) {
      const version = await lookAt(join(directory, name), false);
      if (version) this.#done.set(name, version.id);
    }
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    const { clock } = this.#settings;
    for (;;) {
      signal.throwIfAborted();
      // Another directory in the old one's place: what is there no longer is to be forgotten.
      if (await this.#watch?.check()) for (const name of this.#done.keys()) this.#told(name);
      const frame = await this.#readStill();
      if (frame !== undefined) return frame;
      if (await this.#lookAround()) continue;
      this.#settings.onLooked(this.#arriving.size === 0);
      let dueAtMs = clock.monotonicMs() + checkMs;
      for (const file of this.#arriving.values()) dueAtMs = Math.min(dueAtMs, file.dueAtMs);
      await this.#wakeup.sleep(Math.max(0, dueAtMs - clock.monotonicMs()), clock, signal);
    }
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  #told(name: string): void {
    const { directory, clock, maxFrameBytes, settleTimeoutMs = 10_000 } = this.#settings;
    const nowMs = clock.monotonicMs();
    const known = this.#arriving.get(name);
    if (known) known.told(nowMs);
    else {
      const rules = { maxFrameBytes, stabilityTimeoutMs: settleTimeoutMs, followsLinks: false };
      this.#arriving.set(name, new PendingFile(join(directory, name), rules, nowMs));
    }
    this.#wakeup.wake();
  }

  /** Looks at every file whose time has come. @returns whether one of them is to be read */
  async #lookAround(): Promise<boolean> {
    const { clock } = this.#settings;
    const nowMs = clock.monotonicMs();
    let hasStill = false;
    for (const [name, file] of this.#arriving) {
      if (file.dueAtMs > nowMs) continue;
      const found = await file.look(this.#done.get(name), clock.monotonicMs());
      this.#still.delete(name);
      if (found === 'still') {
        this.#still.add(name);
        hasStill = true;
      } else if (found === 'over') {
        this.#arriving.delete(name);
        if (file.version === undefined) this.#done.delete(name);
      }
    }
    return hasStill;
  }

  /** Reads the files that hold still, the oldest first, until one of them is a frame. */
  async #readStill(): Promise<CapturedFrame | undefined> {
    for (;;) {
      const name = this.#oldestStill();
      if (name === undefined || (await this.#isPreceded(name))) return undefined;
      this.#still.delete(name);
      const taken = await this.#arriving.get(name)?.take(this.#settings.clock.monotonicMs());
      if (taken === undefined || taken.kind === 'wait') continue;
      this.#done.set(name, taken.version.id);
      if (taken.kind === 'refused') throw taken.error;
      const { jpeg, version } = taken;
      const origin = join(this.#settings.directory, name);
      return { jpeg, capturedAtMs: Math.round(version.modifiedAtMs), origin };
    }
  }

  #oldestStill(): string | undefined {
    let oldest: string | undefined;
    const timeOf = (name: string): number => this.#arriving.get(name)?.version?.modifiedAtMs ?? 0;
    for (const name of this.#still) {
      const difference = oldest === undefined ? -1 : timeOf(name) - timeOf(oldest);
      if (oldest === undefined || difference < 0 || (difference === 0 && name < oldest))
        oldest = name;
    }
    return oldest;
  }

  /**
   * True while an older file of the same burst is on its way: the watcher tells the files of a burst in any
   * order, and some of them late.
   */
  async #isPreceded(name: string): Promise<boolean> {
    const file = this.#arriving.get(name);
    const isRecent = (each: PendingFile): boolean =>
      this.#settings.clock.monotonicMs() - each.sinceMs < burstMs;
    if (file?.version === undefined || !isRecent(file)) return false;
    const { modifiedAtMs } = file.version;
    await this.#watch?.tellNew();
    for (const [otherName, other] of this.#arriving) {
      // One that was read in vain is being written still, however old it is.
      if (this.#still.has(otherName) || other.damage !== undefined || !isRecent(other)) continue;
      const version = await other.peek();
      if (version === undefined || version.id === this.#done.get(otherName)) continue;
      if (version.modifiedAtMs < modifiedAtMs) return true;
    }
    return false;
  }
}
