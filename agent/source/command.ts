/**
 * Frames from a program that writes JPEGs or MJPEG to its standard output (rpicam-vid, ffmpeg, ustreamer-dump)
 * and goes on doing so: started at the first call, read all the time, started again when it ends or falls
 * silent. Memory: the newest whole frame and the one that is coming.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
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
import { lastWords } from './stderr-text.js';

export interface CommandSettings {
  /** The program, a path or a name to look for in `$PATH`, and its arguments. */
  readonly command: readonly string[];
  readonly clock: Clock;
  /** A larger frame is passed over. */
  readonly maxFrameBytes: number;
  /** How long to wait for a whole frame; without one, the program is ended and started again. */
  readonly quietTimeoutMs: number;
}

/** Before it is started again: doubled each time until it delivers a frame. */
const firstPauseMs = 1000;
const maxPauseMs = 60_000;

/**
 * A call gives the newest whole frame that no call gave before; its time is when its last byte arrived. When
 * the program has ended, the next call says so at once, and the one after it waits out the pause.
 * @throws {UsageError} when there is no program to start
 */
export function openCommand(settings: CommandSettings): FrameSource {
  const [program = '', ...args] = settings.command;
  if (program === '') {
    throw new UsageError('the source command needs a program after --', {
      hint: 'as in: --source command -- rpicam-vid -t 0 --codec mjpeg -o -',
    });
  }
  return new Command(settings, program, args);
}

class Command implements FrameSource {
  readonly name: string;
  readonly isPaced = true;
  readonly #settings: CommandSettings;
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #wakeup = new WakeableSleep();
  /** The program while it is wanted; `#last` also while it is being ended. */
  #run: RunningProgram | undefined;
  #last: RunningProgram | undefined;
  #newest: CapturedFrame | undefined;
  /** Why it ended, until a call has said so. */
  #failure: OperationalError | undefined;
  #pauseMs = firstPauseMs;
  /** Monotonic: it is not started before. */
  #startAtMs = Number.NEGATIVE_INFINITY;
  /** Since the last whole frame, or the start: what came that is none. */
  #since = { byteCount: 0, passedOver: 0, lastFault: '' };
  #isClosed = false;

  constructor(settings: CommandSettings, program: string, args: readonly string[]) {
    this.#settings = settings;
    this.#program = program;
    this.#args = args;
    // Without the arguments: an address among them may hold a password.
    this.name = `command ${program}`;
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
      if (failure !== undefined) throw failure;

      const nowMs = clock.monotonicMs();
      const isRunning = this.#run !== undefined;
      const dueAtMs = isRunning ? quietAtMs : this.#startAtMs;
      if (dueAtMs > nowMs) await this.#wakeup.sleep(dueAtMs - nowMs, clock, signal);
      else if (isRunning) await this.#endSilence();
      else {
        this.#start();
        quietAtMs = nowMs + quietTimeoutMs;
      }
    }
  }

  #start(): void {
    const splitter = new JpegSplitter({ maxBytes: this.#settings.maxFrameBytes });
    this.#since = { byteCount: 0, passedOver: 0, lastFault: '' };
    const run = startProgram({
      program: this.#program,
      args: this.#args,
      onStdout: (chunk) => {
        if (this.#run === run) this.#take(chunk, splitter);
      },
    });
    this.#run = run;
    this.#last = run;
    const ended = (failure: () => OperationalError): void => {
      if (this.#run !== run) return;
      this.#run = undefined;
      this.#failed(failure());
    };
    void run.ended.then(
      (end) => ended(() => this.#error(`ended (${describeEnd(end)})`, end)),
      (cause: unknown) => ended(() => this.#notStarted(cause)),
    );
  }

  #take(chunk: Buffer, splitter: JpegSplitter): void {
    this.#since.byteCount += chunk.length;
    for (const result of splitter.push(chunk)) {
      if (result.kind === 'jpeg') {
        const capturedAtMs = this.#settings.clock.nowMs();
        this.#newest = { jpeg: result.bytes, capturedAtMs, origin: this.name };
        this.#since = { byteCount: 0, passedOver: 0, lastFault: '' };
        this.#pauseMs = firstPauseMs;
        this.#wakeup.wake();
      } else {
        this.#since.passedOver += 1;
        this.#since.lastFault =
          result.kind === 'damaged'
            ? result.reason
            : `it is larger than ${this.#settings.maxFrameBytes} bytes`;
      }
    }
  }

  async #endSilence(): Promise<void> {
    const { byteCount, passedOver, lastFault } = this.#since;
    const end = await this.#stop();
    const time = formatDuration(this.#settings.quietTimeoutMs);
    if (byteCount === 0) this.#failed(this.#error(`wrote nothing for ${time}`, end));
    else {
      const faults = passedOver === 0 ? '' : ` (${passedOver} passed over, the last: ${lastFault})`;
      const what = `wrote ${byteCount} bytes in ${time} and no whole frame${faults}`;
      this.#failed(
        this.#error(what, end, 'it has to write MJPEG, as with --codec mjpeg or -f mjpeg'),
      );
    }
  }

  #failed(error: OperationalError): void {
    this.#failure = error;
    this.#startAtMs = this.#settings.clock.monotonicMs() + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs);
    this.#wakeup.wake();
  }

  /** @returns how the last one ended; undefined: none was started */
  async #stop(): Promise<ProgramEnd | undefined> {
    this.#run = undefined;
    await this.#last?.stop();
    return this.#last?.ended.catch(() => undefined);
  }

  #error(what: string, end: ProgramEnd | undefined, hint?: string): OperationalError {
    const words = lastWords(end?.stderrTail ?? '');
    const said = words === '' ? 'it said nothing' : `it said: ${words}`;
    return new OperationalError('CAMERA', `${this.#program} ${what}; ${said}`, {
      ...(hint !== undefined && { hint }),
    });
  }

  #notStarted(cause: unknown): OperationalError {
    const isMissing = systemCode(cause) === 'ENOENT';
    return new OperationalError(
      'CAMERA',
      isMissing ? `there is no program ${this.#program}` : `cannot start ${this.#program}`,
      { cause, ...(isMissing && { hint: 'install it, or write its whole path after --' }) },
    );
  }
}
