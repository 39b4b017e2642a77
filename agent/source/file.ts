/**
 * Frames from one file that another program overwrites: in place, by rename, or after deleting it. Each stable version
 * is a frame; of versions that follow faster than they are taken, only the newest. A file that is written all the time
 * is read between two writes (write-stability.ts). A symbolic link is followed.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { formatDuration } from '../../shared/cli/units.js';
import { DamagedVersions } from './damaged-versions.js';
import { PendingFile, statVersion } from './pending-file.js';
import { WakeableSleep } from './wakeable-sleep.js';
import { DirectoryWatch } from './directory-watch.js';
import type { CapturedFrame, FrameSource, PollObserver } from './frame-source.js';

/** The file is also polled: the watcher reports no changes of a link's target or on a network mount. */
const pollMs = 1000;

export interface FileSettings {
  readonly path: string;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  readonly observer?: PollObserver | undefined;
  /**
   * True: the existing version is the first frame, and `next` throws when there is none within `stabilityTimeoutMs`.
   * False: the first frame is the first version written from now on.
   */
  readonly wantsExisting: boolean;
  /** False: only the first frame is wanted, and the directory is not watched. */
  readonly wantsMore: boolean;
  /** Maximum time that a file may be missing, or unchanged and incomplete, before an error is thrown. */
  readonly stabilityTimeoutMs: number;
}

/**
 * @throws {UsageError} the directory does not exist, or the path is not a regular file
 * @throws {OperationalError} CAMERA: the directory cannot be watched
 */
export async function openFile(settings: FileSettings): Promise<FrameSource> {
  const { path, wantsMore } = settings;
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isFile()) {
    throw new UsageError(`${path} is not a regular file`, {
      ...(stats.isDirectory() && { hint: `for the frames in a directory use folder:${path}` }),
    });
  }
  const file = new WrittenFile(settings);
  if (wantsMore) await file.watch();
  return file;
}

class WrittenFile implements FrameSource {
  readonly name: string;
  readonly pace = 'files';
  readonly #settings: FileSettings;
  readonly #wakeup = new WakeableSleep();
  #watch: DirectoryWatch | undefined;
  #pending: PendingFile | undefined;
  readonly #damaged = new DamagedVersions();
  /** The version that is not a new frame: it existed at the start, or was taken or refused. */
  #doneId: string | undefined;
  #isFirstDue: boolean;
  #pollAtMs: number;
  #missingSinceMs: number | undefined;
  #isMissingReported = false;

  constructor(settings: FileSettings) {
    this.#settings = settings;
    this.#isFirstDue = settings.wantsExisting;
    this.#pollAtMs = settings.clock.monotonicMs();
    this.name = `file ${settings.path}`;
  }

  async watch(): Promise<void> {
    const { path, clock } = this.#settings;
    this.#watch = await DirectoryWatch.open({
      directory: dirname(path),
      clock,
      wants: (name) => name === basename(path),
      onName: () => {
        this.#pending?.changed(clock.monotonicMs());
        this.#pending ??= this.#newPending();
        this.#wakeup.wake();
      },
    });
    if (!this.#isFirstDue) this.#doneId = await this.#existingId();
  }

  /** @throws {OperationalError} CAMERA */
  async #existingId(): Promise<string | undefined> {
    const { path } = this.#settings;
    try {
      return (await statVersion(path, true))?.id;
    } catch (cause) {
      throw new OperationalError('CAMERA', `cannot examine ${path}`, { cause });
    }
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    const { clock, stabilityTimeoutMs } = this.#settings;
    const deadlineMs = this.#isFirstDue ? clock.monotonicMs() + stabilityTimeoutMs : Infinity;
    for (;;) {
      signal.throwIfAborted();
      await this.#checkDirectory();
      const frame = await this.#check();
      if (frame !== undefined) return frame;
      this.#settings.observer?.polled(this.#pending === undefined, this.#isPresent);
      const nowMs = clock.monotonicMs();
      if (nowMs >= deadlineMs) throw this.#timeoutError();
      const wakeAtMs = Math.min(deadlineMs, this.#pollAtMs, this.#pending?.dueAtMs ?? Infinity);
      await this.#wakeup.sleep(Math.max(0, wakeAtMs - nowMs), clock, signal);
    }
  }

  close(): Promise<void> {
    this.#watch?.close();
    this.#wakeup.endTimer();
    return Promise.resolve();
  }

  /** Whether the last check found the file, and it is a picture at times. */
  get #isPresent(): boolean {
    const { clock, stabilityTimeoutMs } = this.#settings;
    if (this.#damaged.haveLasted(stabilityTimeoutMs, clock.monotonicMs())) return false;
    const isChecked = this.#pending === undefined || this.#pending.version !== undefined;
    return isChecked && this.#missingSinceMs === undefined;
  }

  #newPending(): PendingFile {
    const { path, clock, maxFrameBytes, stabilityTimeoutMs } = this.#settings;
    const rules = { maxFrameBytes, stabilityTimeoutMs, followsLinks: true };
    return new PendingFile(path, rules, clock.monotonicMs(), this.#damaged);
  }

  async #checkDirectory(): Promise<void> {
    try {
      await this.#watch?.check();
    } catch (error) {
      // The error of the directory includes the missing file: one message is enough.
      this.#isMissingReported = true;
      throw error;
    }
  }

  async #check(): Promise<CapturedFrame | undefined> {
    const { path, clock } = this.#settings;
    const nowMs = clock.monotonicMs();
    if (nowMs >= this.#pollAtMs) {
      this.#pollAtMs = nowMs + pollMs;
      this.#pending ??= this.#newPending();
    }
    const file = this.#pending;
    if (file === undefined || file.dueAtMs > nowMs) return undefined;
    const state = await file.check(this.#doneId, nowMs);
    if (state === 'done') this.#pending = undefined;
    this.#noteMissing(file.version === undefined && !file.isUnknown, nowMs);
    if (state !== 'stable') return undefined;
    const result = await file.take(nowMs);
    if (result.kind === 'wait') return undefined;
    this.#doneId = result.version.id;
    if (result.kind === 'refused') throw result.error;
    this.#isFirstDue = false;
    const { jpeg, version } = result;
    return { jpeg, capturedAtMs: Math.round(version.modifiedAtMs), origin: path };
  }

  /** Throws CAMERA, once, after `stabilityTimeoutMs`: a writer may delete the file before each frame. */
  #noteMissing(isMissing: boolean, nowMs: number): void {
    if (!isMissing) {
      this.#missingSinceMs = undefined;
      this.#isMissingReported = false;
      return;
    }
    this.#missingSinceMs ??= nowMs;
    if (this.#isFirstDue || this.#isMissingReported) return;
    if (nowMs - this.#missingSinceMs < this.#settings.stabilityTimeoutMs) return;
    this.#isMissingReported = true;
    throw this.#missingError();
  }

  #missingError(): OperationalError {
    return new OperationalError('CAMERA', `${this.#settings.path} does not exist`, {
      hint: 'start the program that writes the file; the agent takes it when it exists',
    });
  }

  #timeoutError(): OperationalError {
    if (this.#missingSinceMs !== undefined) return this.#missingError();
    const { path, stabilityTimeoutMs } = this.#settings;
    const reason = this.#pending?.damage ?? 'it keeps changing';
    const limit = formatDuration(stabilityTimeoutMs);
    return new OperationalError(
      'FRAME',
      `${path} is not a complete JPEG after ${limit}: ${reason}`,
    );
  }
}
