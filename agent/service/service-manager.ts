/**
 * Reports readiness, status and watchdog keep-alives to systemd (sd_notify(3)). Node cannot send to a Unix datagram
 * socket, so systemd-notify does: one process at a time, the newest values win, and nothing waits for it. The agent's
 * work sends the keep-alives, never a timer.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { counted } from '../../shared/cli/humanize.js';
import { formatDuration } from '../../shared/cli/units.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { describeEnd, runProgram } from '../../shared/process/run-program.js';
import { planWatchdog } from './watchdog-plan.js';

type Environment = Readonly<Record<string, string | undefined>>;
/** sd_notify's assignments: `READY`, `STATUS`, `WATCHDOG` … */
type Message = Readonly<Record<string, string>>;

export interface Progress {
  readonly seen: number;
  /** Frames that were to be sent. */
  readonly chosen: number;
  /** Frames that no receiver has acknowledged yet. */
  readonly waiting: number;
  /** Why they wait; undefined: they are on their way. */
  readonly why: string | undefined;
  /** Why there is no frame; undefined while captures work. */
  readonly failure: string | undefined;
}

export interface ServiceManagerSettings {
  /** Maximum time of one attempt to capture a frame. */
  readonly attemptMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the agent stops: failures to send are then not logged. */
  readonly signal: AbortSignal;
  /** @throws when the message is not delivered */
  readonly send: (message: Message) => Promise<void>;
}

/** Time limit for systemd-notify, which gives up by itself after 5 s. */
const sendLimitMs = 8000;

/** The service manager that started this process; undefined without `$NOTIFY_SOCKET`. */
export function openServiceManager(
  env: Environment,
  pid: number,
  settings: Omit<ServiceManagerSettings, 'send'>,
): ServiceManager | undefined {
  const socket = env.NOTIFY_SOCKET;
  if (!socket) return undefined;
  const isForThisProcess = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid);
  const micros = isForThisProcess ? Number(env.WATCHDOG_USEC ?? 0) : 0;
  const send = (message: Message): Promise<void> => notify(socket, message, settings.signal);
  return new ServiceManager({ ...settings, send }, micros > 0 ? micros / 1000 : undefined);
}

export class ServiceManager {
  readonly pauseCapMs: number;
  readonly #settings: ServiceManagerSettings;
  readonly #sendErrors: RepeatingErrorLog;
  readonly #intervalMs: number;
  readonly #neededWatchdogMs: number | undefined;
  #pending: Message = {};
  #isSending = false;
  #sentAtMs = -Infinity;
  #sentFailure: string | undefined;

  /** @param watchdogMs `WatchdogSec=` of the unit; undefined: no watchdog */
  constructor(settings: ServiceManagerSettings, watchdogMs: number | undefined) {
    const plan = planWatchdog(watchdogMs, settings.attemptMs);
    this.#settings = settings;
    this.#sendErrors = new RepeatingErrorLog(settings.log, settings.clock);
    this.#intervalMs = plan.intervalMs;
    this.#neededWatchdogMs = plan.neededWatchdogMs;
    this.pauseCapMs = plan.pauseCapMs;
  }

  /** All checks of the start have passed. */
  ready(progress: Progress): void {
    const ms = this.#neededWatchdogMs;
    if (ms !== undefined) {
      const needed = formatDuration(ms);
      this.#settings.log.info('longer watchdog time requested than WatchdogSec=', { needed });
    }
    const longer = ms === undefined ? {} : { WATCHDOG_USEC: String(Math.round(ms * 1000)) };
    this.#notify({ ...longer, READY: '1', STATUS: describeProgress(progress) });
  }

  /** An attempt to capture a frame has ended, with a frame or with a failure. */
  attempted(progress: Progress): void {
    const nowMs = this.#settings.clock.monotonicMs();
    const isNewFailure = progress.failure !== this.#sentFailure;
    if (!isNewFailure && nowMs - this.#sentAtMs < this.#intervalMs) return;
    this.#sentAtMs = nowMs;
    this.#sentFailure = progress.failure;
    this.#notify({ WATCHDOG: '1', STATUS: describeProgress(progress) });
  }

  /** What keeps frames waiting has changed. It is no sign of life: an attempt that hangs is still ended. */
  changed(progress: Progress): void {
    this.#notify({ STATUS: describeProgress(progress) });
  }

  #notify(message: Message): void {
    this.#pending = { ...this.#pending, ...message };
    if (!this.#isSending) void this.#sendPending();
  }

  async #sendPending(): Promise<void> {
    this.#isSending = true;
    while (Object.keys(this.#pending).length > 0) {
      const message = this.#pending;
      this.#pending = {};
      try {
        await this.#settings.send(message);
        this.#sendErrors.worked('sd_notify works again');
      } catch (error) {
        if (!this.#settings.signal.aborted) {
          this.#sendErrors.failed('sd_notify failed', error);
        }
        // Sent again with the next attempt; newer values win.
        this.#pending = { ...message, ...this.#pending };
        break;
      }
    }
    this.#isSending = false;
  }
}

/** One line for `systemctl status`. */
export function describeProgress({ seen, chosen, waiting, why, failure }: Progress): string {
  // Frames on their way wait for a moment: the line would be older than what it says.
  const waits = why === undefined ? '' : `, ${waiting} waiting: ${why}`;
  const counts = `${counted(seen, 'frame')} seen, ${chosen} to send${waits}`;
  return failure === undefined ? counts : `no frame: ${failure} (${counts})`;
}

async function notify(socket: string, message: Message, signal: AbortSignal): Promise<void> {
  const result = await runProgram({
    program: 'systemd-notify',
    // Not --no-block: systemd identifies the sender while it lives, else it drops the message.
    args: Object.entries(message).map(([name, value]) => `${name}=${value}`),
    environment: { NOTIFY_SOCKET: socket },
    timeLimitMs: sendLimitMs,
    signal,
  });
  if (result.exitCode === 0 && !result.isTimedOut) return;
  const detail = result.stderrTail.trim() || describeEnd(result);
  throw new OperationalError('STATE', `systemd-notify failed: ${detail}`);
}
