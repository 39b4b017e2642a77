/**
 * Frames from the standard output of a long-running program. It is started at the first call, read continuously, and
 * restarted when it ends or delivers no frame. Memory: the newest complete frame and the one being received.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { JpegSplitter } from '../../shared/jpeg/splitter.js';
import { formatDuration } from '../../shared/cli/units.js';
import {
  type ProgramEnd,
  type RunningProgram,
  describeEnd,
  startProgram,
} from '../../shared/process/run-program.js';
import { WakeableSleep } from './wakeable-sleep.js';
import type { CapturedFrame, FrameSource } from './frame-source.js';
import { lastLines } from './stderr-text.js';

export interface StreamSettings {
  readonly clock: Clock;
  /** Larger frames are skipped. */
  readonly maxFrameBytes: number;
  /** Maximum time without a complete frame; then the program is ended and restarted. */
  readonly quietTimeoutMs: number;
}

export interface ProgramStart {
  readonly args: readonly string[];
  /** Text for its standard input; default: none. */
  readonly input?: string;
  /** It would stay when this process is killed: it may wait for a camera, and not notice. Default: false. */
  readonly endsWithParent?: boolean;
}

export interface ProgramStreamSettings extends StreamSettings {
  /** Name of the source in messages. */
  readonly name: string;
  /** What messages about the program begin with. */
  readonly subject: string;
  /** A path, or a name in `$PATH`. */
  readonly program: string;
  /**
   * Is called before each start.
   * @throws {OperationalError} CAMERA: the program is not started this time
   */
  readonly prepare: (signal: AbortSignal) => Promise<ProgramStart>;
  /** What of the program's standard error is for messages: without secrets. Default: all. */
  readonly clean?: (stderr: string) => string;
  /** Why the program has ended or is silent, where that can be found out: one reason for a whole outage. */
  readonly findReason?: (signal: AbortSignal) => Promise<OperationalError | undefined>;
  /** A program that ends with status 0 after a frame has not failed: it takes a picture each time. Default: it has. */
  readonly mayEnd?: boolean;
  /** What to do: the program is missing, it runs and delivers no frame. */
  readonly hints: { readonly missing: string; readonly noFrame: string };
}

/** Between the starts of a program that takes a picture each time. */
const betweenStartsMs = 1000;
/** Pause before a restart: doubled each time until the program delivers a frame. */
const firstPauseMs = 1000;
const maxPauseMs = 60_000;

/**
 * A call returns the newest complete frame that no call returned before, with the time at which its last byte arrived.
 * After the program has ended, the next call throws at once, and the call after it waits for the pause.
 */
export function openProgramStream(settings: ProgramStreamSettings): FrameSource {
  return new ProgramStream(settings);
}

class ProgramStream implements FrameSource {
  readonly name: string;
  readonly pace = 'stream';
  readonly #settings: ProgramStreamSettings;
  readonly #wakeup = new WakeableSleep();
  /** The running program; undefined once it has ended or is being ended. */
  #run: RunningProgram | undefined;
  /** The program that was started last. */
  #last: RunningProgram | undefined;
  #newest: CapturedFrame | undefined;
  /** Why the program ended, until a call has thrown it. */
  #failure: OperationalError | undefined;
  #pauseMs = firstPauseMs;
  /** Monotonic time of the next start. */
  #startAtMs = Number.NEGATIVE_INFINITY;
  /** Output since the last complete frame or the start. */
  #unused = { byteCount: 0, skipped: 0, lastReason: '' };
  #isClosed = false;

  constructor(settings: ProgramStreamSettings) {
    this.#settings = settings;
    this.name = settings.name;
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    try {
      return await this.#wait(signal);
    } catch (error) {
      if (signal.aborted) await this.#stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wakeup.wake();
    this.#wakeup.endTimer();
    await this.#stop();
  }

  async #wait(signal: AbortSignal): Promise<CapturedFrame> {
    const { clock, quietTimeoutMs } = this.#settings;
    let quietAtMs = clock.monotonicMs() + quietTimeoutMs;
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new Error(`${this.name} is closed`);
      const frame = this.#newest;
      this.#newest = undefined;
      if (frame !== undefined) return frame;
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) {
        throw (await this.#settings.findReason?.(signal)) ?? failure;
      }

      const nowMs = clock.monotonicMs();
      const isRunning = this.#run !== undefined;
      const dueAtMs = isRunning ? quietAtMs : this.#startAtMs;
      if (dueAtMs > nowMs) await this.#wakeup.sleep(dueAtMs - nowMs, clock, signal);
      else if (isRunning) await this.#endSilence();
      else {
        await this.#start(signal);
        quietAtMs = clock.monotonicMs() + quietTimeoutMs;
      }
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { clock, maxFrameBytes, mayEnd = false, prepare, program } = this.#settings;
    const start = await prepare(signal).catch((error: unknown) => {
      this.#delayStart();
      throw error;
    });
    if (this.#isClosed) return;
    const splitter = new JpegSplitter({ maxBytes: maxFrameBytes });
    this.#unused = { byteCount: 0, skipped: 0, lastReason: '' };
    const startedAtMs = clock.monotonicMs();
    let hasFrame = false;
    const run = startProgram({
      ...start,
      program,
      onStdout: (chunk) => {
        if (this.#run === run && this.#take(chunk, splitter)) hasFrame = true;
      },
    });
    this.#run = run;
    this.#last = run;
    const onEnd = (failure: () => OperationalError): void => {
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#failed(failure());
    };
    void run.ended.then(
      (end) => {
        if (this.#run === run && mayEnd && hasFrame && end.exitCode === 0) {
          this.#run = undefined;
          this.#startAtMs = startedAtMs + betweenStartsMs;
          this.#wakeup.wake();
        } else onEnd(() => this.#error(`ended (${describeEnd(end)})`, end));
      },
      (cause: unknown) => onEnd(() => this.#startError(cause)),
    );
  }

  /** @returns whether a frame is complete */
  #take(chunk: Buffer, splitter: JpegSplitter): boolean {
    let hasFrame = false;
    this.#unused.byteCount += chunk.length;
    for (const result of splitter.push(chunk)) {
      if (result.kind === 'jpeg') {
        const capturedAtMs = this.#settings.clock.nowMs();
        const skipped = this.#newest === undefined ? 0 : (this.#newest.skipped ?? 0) + 1;
        this.#newest = {
          jpeg: result.bytes,
          capturedAtMs,
          origin: this.name,
          ...(skipped > 0 && { skipped }),
        };
        this.#unused = { byteCount: 0, skipped: 0, lastReason: '' };
        this.#pauseMs = firstPauseMs;
        hasFrame = true;
        this.#wakeup.wake();
      } else {
        this.#unused.skipped += 1;
        this.#unused.lastReason =
          result.kind === 'damaged'
            ? result.reason
            : `larger than ${this.#settings.maxFrameBytes} bytes`;
      }
    }
    return hasFrame;
  }

  async #endSilence(): Promise<void> {
    const { byteCount, skipped, lastReason } = this.#unused;
    const end = await this.#stop();
    const time = formatDuration(this.#settings.quietTimeoutMs);
    const { noFrame } = this.#settings.hints;
    if (byteCount === 0) this.#failed(this.#error(`wrote nothing for ${time}`, end, noFrame));
    else {
      const reasons = skipped === 0 ? '' : ` (${skipped} skipped, the last: ${lastReason})`;
      const problem = `wrote ${byteCount} bytes in ${time} and no complete frame${reasons}`;
      this.#failed(this.#error(problem, end, noFrame));
    }
  }

  #failed(error: OperationalError): void {
    this.#failure = error;
    this.#delayStart();
    // That of the silence, which has ended with the program.
    this.#wakeup.endTimer();
    this.#wakeup.wake();
  }

  #delayStart(): void {
    this.#startAtMs = this.#settings.clock.monotonicMs() + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs);
  }

  /** @returns how the program ended; undefined: no program was started */
  async #stop(): Promise<ProgramEnd | undefined> {
    this.#run = undefined;
    await this.#last?.stop();
    return this.#last?.ended.catch(() => undefined);
  }

  #error(problem: string, end: ProgramEnd | undefined, hint?: string): OperationalError {
    const { subject, clean } = this.#settings;
    const text = end?.stderrTail ?? '';
    const lines = lastLines(clean?.(text) ?? text);
    const stderr = lines === '' ? 'stderr is empty' : `stderr: ${lines}`;
    return new OperationalError('CAMERA', `${subject} ${problem}; ${stderr}`, {
      ...(hint !== undefined && { hint }),
    });
  }

  #startError(cause: unknown): OperationalError {
    const { program, hints } = this.#settings;
    const isMissing = systemCode(cause) === 'ENOENT';
    return new OperationalError(
      'CAMERA',
      isMissing ? `program ${program} not found` : `cannot start ${program}`,
      { cause, ...(isMissing && { hint: hints.missing }) },
    );
  }
}
