/**
 * Keeps a record mirror as its bucket is: each second it looks for hints of receivers, reads the new objects that they
 * name, and refreshes days of which objects were removed. Every few minutes the newest days of all cameras are listed, since a hint may be lost, and once a day all days.
 */
import { OperationalError } from '../../../shared/cli/errors.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../../shared/clock.js';
import { mapAtOnce } from '../../store/at-once.js';
import { type DayChanges, HintReader, addChange } from '../../store/s3/bucket-hints.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import type { RecordMirror } from './record-mirror.js';

export interface FollowerParts {
  readonly mirror: RecordMirror;
  readonly client: S3Client;
  readonly clock: Clock;
  readonly log: Log;
}

const lookEveryMs = 1000;
const listEveryMs = 10 * 60_000;
const listAllEveryMs = 24 * 3_600_000;
/** Of each camera: an agent that was offline sends its oldest frame first. */
const newestDays = 3;
/** Hints are removed after a minute: after a longer pause some are missed. */
const maxPauseMs = 45_000;
/** Without an answer for so long, what the cameras do now is unknown. */
const awayAfterMs = 20_000;
/** Most have one new object. */
const daysAtOnce = 16;

export class MirrorFollower {
  readonly #parts: FollowerParts;
  readonly #hints: HintReader;
  readonly #errors: RepeatingErrorLog;
  /** What hints have said, and is not in the mirror yet. */
  readonly #changes: DayChanges = new Map();
  #lookedAtMs = 0;
  #listedAtMs = -Infinity;
  #failure: unknown;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#hints = new HintReader(parts.client);
    this.#errors = new RepeatingErrorLog(parts.log, parts.clock);
  }

  /** Refreshes the newest days of all cameras. @throws {OperationalError} STORE: of the bucket, or the cache */
  async start(): Promise<void> {
    // First: a day that changes meanwhile has a hint that is new then.
    await this.#hints.read();
    await this.#listNewest();
    this.#lookedAtMs = this.#parts.clock.monotonicMs();
  }

  /** Until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#look(signal), this.#listAll(signal)]);
  }

  /** @throws {OperationalError} STORE: the bucket is away, so that its newest entries are unknown */
  check(): void {
    const { clock, client } = this.#parts;
    const awayMs = clock.monotonicMs() - this.#lookedAtMs;
    if (awayMs < awayAfterMs) return;
    const since = Math.round(awayMs / 1000);
    throw new OperationalError('STORE', `cannot read ${client.place()} for ${since} s`, {
      cause: this.#failure,
      hint: 'what the cameras do now is unknown; it goes on by itself when the object store answers',
    });
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, mirror } = this.#parts;
    const isEnding = (): boolean => signal.aborted;
    while (!isEnding()) {
      await clock.sleep(lookEveryMs, signal);
      if (isEnding()) return;
      try {
        const pauseMs = clock.monotonicMs() - this.#lookedAtMs;
        const startMs = clock.monotonicMs();
        for (const [day, pieces] of await this.#hints.read()) {
          for (const piece of pieces ?? [undefined]) addChange(this.#changes, day, piece);
        }
        if (pauseMs > maxPauseMs || startMs - this.#listedAtMs >= listEveryMs) {
          await this.#listNewest();
        }
        await mapAtOnce([...this.#changes], daysAtOnce, async ([day, pieces]) => {
          await (pieces === undefined ? mirror.refreshDay(day) : mirror.addToDay(day, pieces));
          this.#changes.delete(day);
        });
        this.#lookedAtMs = startMs;
        this.#errors.worked('the bucket can be read again');
      } catch (error) {
        this.#failure = error;
        if (!isEnding()) this.#errors.failed('cannot follow the bucket', error);
      }
    }
  }

  async #listNewest(): Promise<void> {
    const startMs = this.#parts.clock.monotonicMs();
    await this.#parts.mirror.refresh((days) => days.slice(-newestDays));
    this.#listedAtMs = startMs;
  }

  /** The newest first, without haste. */
  async #listAll(signal: AbortSignal): Promise<void> {
    const { mirror, clock, log } = this.#parts;
    const isEnding = (): boolean => signal.aborted;
    while (!isEnding()) {
      try {
        const days: string[] = [];
        for (const camera of await mirror.refreshCameras()) {
          days.push(...(await mirror.refreshDays(camera)));
          if (isEnding()) return;
        }
        const dateOf = (day: string): string => day.slice(day.lastIndexOf('/') + 1);
        for (const day of days.sort((a, b) => (dateOf(a) < dateOf(b) ? 1 : -1))) {
          await mirror.refreshDay(day);
          if (isEnding()) return;
        }
        log.debug('the records of all days are in the cache', { days: days.length });
        await clock.sleep(listAllEveryMs, signal);
      } catch {
        // The look says why.
        await clock.sleep(listEveryMs, signal);
      }
    }
  }
}
