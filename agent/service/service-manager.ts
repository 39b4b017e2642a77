/**
 * What the agent tells systemd about itself (sd_notify(3)): that it is ready, that it is not wedged, how it
 * gets on. Node cannot send to a Unix datagram socket, so systemd-notify does: one at a time, the newest words
 * winning, and nothing waits for it. The watchdog is fed by what the agent does, never by a timer.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { formatDuration } from '../../shared/cli/units.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { describeEnd, runProgram } from '../../shared/process/run-program.js';
import { planWatchdog } from './watchdog-plan.js';

type Environment = Readonly<Record<string, string | undefined>>;
/** `READY`, `STATUS`, `WATCHDOG` … and what each is to be. */
type Words = Readonly<Record<string, string>>;

export interface Progress {
  readonly seen: number;
  /** Frames that were to be sent. */
  readonly chosen: number;
  /** Frames that no receiver has acknowledged yet. */
  readonly waiting: number;
  /** Why there is no frame; undefined while there are. */
  readonly failure: string | undefined;
}

export interface ServiceManagerSettings {
  /** The longest that an attempt to have a frame may take. */
  readonly attemptMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** When it aborts there is nothing more to say. */
  readonly signal: AbortSignal;
  /** Says the words. @throws whatever goes wrong */
  readonly send: (words: Words) => Promise<void>;
}

/** Nobody may take longer to hear a few words; systemd-notify itself gives up after 5 s. */
const sendLimitMs = 8000;

/** The service manager that started us, or undefined when nobody listens. */
export function openServiceManager(
  env: Environment,
  pid: number,
  settings: Omit<ServiceManagerSettings, 'send'>,
): ServiceManager | undefined {
  const socket = env.NOTIFY_SOCKET;
  if (!socket) return undefined;
  const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid);
  const micros = isForUs ? Number(env.WATCHDOG_USEC ?? 0) : 0;
  const send = (words: Words): Promise<void> => notify(socket, words, settings.signal);
  return new ServiceManager({ ...settings, send }, micros > 0 ? micros / 1000 : undefined);
}

export class ServiceManager {
  readonly pauseCapMs: number;
  readonly #settings: ServiceManagerSettings;
  readonly #trouble: RepeatingErrorLog;
  readonly #everyMs: number;
  readonly #askForMs: number | undefined;
  #waiting: Words = {};
  #isSending = false;
  #saidAtMs = -Infinity;
  #saidFailure: string | undefined;

  /** @param watchdogMs undefined: there is no watchdog to feed */
  constructor(settings: ServiceManagerSettings, watchdogMs: number | undefined) {
    const plan = planWatchdog(watchdogMs, settings.attemptMs);
    this.#settings = settings;
    this.#trouble = new RepeatingErrorLog(settings.log, settings.clock);
    this.#everyMs = plan.everyMs;
    this.#askForMs = plan.askForMs;
    this.pauseCapMs = plan.pauseCapMs;
  }

  /** All that a start can find wrong has been looked at. */
  ready(progress: Progress): void {
    const ms = this.#askForMs;
    if (ms !== undefined) {
      const needed = formatDuration(ms);
      this.#settings.log.info('asking for a longer watchdog time than the unit has', { needed });
    }
    const longer = ms === undefined ? {} : { WATCHDOG_USEC: String(Math.round(ms * 1000)) };
    this.#say({ ...longer, READY: '1', STATUS: describeProgress(progress) });
  }

  /** An attempt to have a frame has ended, well or with a failure that was told. */
  attempted(progress: Progress): void {
    const nowMs = this.#settings.clock.monotonicMs();
    const isNews = progress.failure !== this.#saidFailure;
    if (!isNews && nowMs - this.#saidAtMs < this.#everyMs) return;
    this.#saidAtMs = nowMs;
    this.#saidFailure = progress.failure;
    this.#say({ WATCHDOG: '1', STATUS: describeProgress(progress) });
  }

  #say(words: Words): void {
    this.#waiting = { ...this.#waiting, ...words };
    if (!this.#isSending) void this.#empty();
  }

  async #empty(): Promise<void> {
    this.#isSending = true;
    while (Object.keys(this.#waiting).length > 0) {
      const words = this.#waiting;
      this.#waiting = {};
      try {
        await this.#settings.send(words);
        this.#trouble.worked('systemd hears us again');
      } catch (error) {
        if (!this.#settings.signal.aborted) {
          this.#trouble.failed('cannot tell systemd how it goes', error);
        }
        // Said again with the next attempt; what is newer wins.
        this.#waiting = { ...words, ...this.#waiting };
        break;
      }
    }
    this.#isSending = false;
  }
}

/** One line for `systemctl status`. */
export function describeProgress({ seen, chosen, waiting, failure }: Progress): string {
  const counts = `${seen} frames seen, ${chosen} to send, ${waiting} waiting`;
  return failure === undefined ? counts : `no frame: ${failure} (${counts})`;
}

async function notify(socket: string, words: Words, signal: AbortSignal): Promise<void> {
  const result = await runProgram({
    program: 'systemd-notify',
    // Not --no-block: systemd must look at the sender while it still lives, or the words are lost.
    args: Object.entries(words).map(([name, value]) => `${name}=${value}`),
    environment: { NOTIFY_SOCKET: socket },
    timeLimitMs: sendLimitMs,
    signal,
  });
  if (result.exitCode === 0 && !result.isTimedOut) return;
  const said = result.stderrTail.trim() || describeEnd(result);
  throw new OperationalError('STATE', `systemd-notify failed: ${said}`);
}
