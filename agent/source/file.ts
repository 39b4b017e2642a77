/**
 * Frames that another program writes into one file, over and over: in place, by rename, or deleting it first.
 * Each version that holds still is a frame; of versions that come faster than they are taken, the newest. One
 * that never holds still is read between its writes (write-stability.ts). A symbolic link is followed.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { formatDuration } from '../../shared/cli/units.js';
import { PendingFile, lookAt } from './pending-file.js';
import { WakeableSleep } from './wakeable-sleep.js';
import { DirectoryWatch } from './directory-watch.js';
import type { CapturedFrame, FrameSource } from './frame-source.js';

/** Also without a word from the watcher: it hears nothing of a link's target or of a network mount. */
const pollMs = 1000;

export interface FileSettings {
  readonly path: string;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Told of every look that found no frame; `isQuiet`: nothing is being written either. */
  readonly onLooked: (isQuiet: boolean) => void;
  /**
   * True: the file as it is now is the first frame, and `next` fails when there is none within
   * `stabilityTimeoutMs`. False: the first frame is the first version written from now on.
   */
  readonly wantsExisting: boolean;
  /** False: nothing after the first frame is wanted. */
  readonly wantsMore: boolean;
  /** How long a file may be missing, or unchanged and unfinished, before an error is thrown for it. */
  readonly settleTimeoutMs: number;
}

/**
 * @throws {UsageError} there is no directory for it, or it is no regular file
 * @throws {OperationalError} CAMERA: its directory cannot be watched
 */
export async function openFile(settings: FileSettings): Promise<FrameSource> {
  const { path, wantsMore } = settings;
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isFile()) {
    throw new UsageError(`${path} is no regular file`, {
      ...(stats.isDirectory() && { hint: `for the frames in a directory say folder:${path}` }),
    });
  }
  const file = new WrittenFile(settings);
  if (wantsMore) await file.watch();
  return file;
}

class WrittenFile implements FrameSource {
  readonly name: string;
  readonly isPaced = false;
  readonly #settings: FileSettings;
  readonly #wakeup = new WakeableSleep();
  #watch: DirectoryWatch | undefined;
  #arriving: PendingFile | undefined;
  /** The version that is no news: there at the start, handed over or refused. */
  #doneId: string | undefined;
  #isFirstDue: boolean;
  #pollAtMs: number;
  #missingSinceMs: number | undefined;
  #isMissingTold = false;

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
      followsLinks: true,
      onName: () => {
        this.#arriving?.told(clock.monotonicMs());
        this.#arriving ??= this.#arrival();
        this.#wakeup.wake();
      },
    });
    if (!this.#isFirstDue) this.#doneId = (await lookAt(path, true))?.id;
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    const { clock, settleTimeoutMs } = this.#settings;
    const deadlineMs = this.#isFirstDue ? clock.monotonicMs() + settleTimeoutMs : Infinity;
    for (;;) {
      signal.throwIfAborted();
      await this.#checkDirectory();
      const frame = await this.#lookAgain();
      if (frame !== undefined) return frame;
      this.#settings.onLooked(this.#arriving === undefined);
      const nowMs = clock.monotonicMs();
      if (nowMs >= deadlineMs) throw this.#tooLate();
      const wakeAtMs = Math.min(deadlineMs, this.#pollAtMs, this.#arriving?.dueAtMs ?? Infinity);
      await this.#wakeup.sleep(Math.max(0, wakeAtMs - nowMs), clock, signal);
    }
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  #arrival(): PendingFile {
    const { path, clock, maxFrameBytes, settleTimeoutMs } = this.#settings;
    const rules = { maxFrameBytes, stabilityTimeoutMs: settleTimeoutMs, followsLinks: true };
    return new PendingFile(path, rules, clock.monotonicMs());
  }

  async #checkDirectory(): Promise<void> {
    try {
      await this.#watch?.check();
    } catch (error) {
      // With the directory the file is gone: one trouble, one message.
      this.#isMissingTold = true;
      throw error;
    }
  }

  async #lookAgain(): Promise<CapturedFrame | undefined> {
    const { path, clock } = this.#settings;
    const nowMs = clock.monotonicMs();
    if (nowMs >= this.#pollAtMs) {
      this.#pollAtMs = nowMs + pollMs;
      this.#arriving ??= this.#arrival();
    }
    const file = this.#arriving;
    if (file === undefined || file.dueAtMs > nowMs) return undefined;
    const found = await file.look(this.#doneId, nowMs);
    if (found === 'over') this.#arriving = undefined;
    this.#noteMissing(file.version === undefined, nowMs);
    if (found !== 'still') return undefined;
    const taken = await file.take(nowMs);
    if (taken.kind === 'wait') return undefined;
    this.#doneId = taken.version.id;
    if (taken.kind === 'refused') throw taken.error;
    this.#isFirstDue = false;
    const { jpeg, version } = taken;
    return { jpeg, capturedAtMs: Math.round(version.modifiedAtMs), origin: path };
  }

  /** Throws CAMERA, once, when the file has been missing for long: a writer may delete it before each frame. */
  #noteMissing(isMissing: boolean, nowMs: number): void {
    if (!isMissing) {
      this.#missingSinceMs = undefined;
      this.#isMissingTold = false;
      return;
    }
    this.#missingSinceMs ??= nowMs;
    if (this.#isFirstDue || this.#isMissingTold) return;
    if (nowMs - this.#missingSinceMs < this.#settings.settleTimeoutMs) return;
    this.#isMissingTold = true;
    throw this.#missing();
  }

  #missing(): OperationalError {
    return new OperationalError('CAMERA', `${this.#settings.path} is not there`, {
      hint: 'another program must write it; frames are taken when it does',
    });
  }

  #tooLate(): OperationalError {
    if (this.#missingSinceMs !== undefined) return this.#missing();
    const { path, settleTimeoutMs } = this.#settings;
    const why = this.#arriving?.damage ?? 'it keeps changing';
    const waited = formatDuration(settleTimeoutMs);
    return new OperationalError('FRAME', `${path} is no whole JPEG after ${waited}: ${why}`);
  }
}
