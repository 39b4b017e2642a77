/**
 * A log that no peer can flood: per event and address it writes the first `maxRepeatedLines` lines, counts the
 * following ones, and writes the count when `repeatWindowMs` has passed.
 */
import type { Clock } from '../../shared/clock.js';
import type { Log, LogFacts } from '../../shared/cli/log.js';
import { maxTrackedLines, maxRepeatedLines, repeatWindowMs } from './receiver-limits.js';
import { networkOf } from '../../shared/protocol/network.js';

interface RepeatedLine {
  readonly event: string;
  readonly from: string;
  readonly sinceMs: number;
  count: number;
}

const others = 'many addresses';

export class RateLimitedLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #lines = new Map<string, RepeatedLine>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The log for one address. Debug lines are neither counted nor limited: `--verbose` asked for them. */
  of(address: string): Log {
    const network = networkOf(address);
    const limited =
      (level: 'info' | 'warn' | 'error') =>
      (event: string, facts?: LogFacts): void => {
        if (this.#mayWrite(event, network)) this.#log[level](event, facts);
      };
    return {
      info: limited('info'),
      warn: limited('warn'),
      error: limited('error'),
      debug: (event, facts) => this.#log.debug(event, facts),
      child: (component) => new RateLimitedLog(this.#log.child(component), this.#clock).of(address),
    };
  }

  /** Writes the counts of suppressed lines. */
  flush(): void {
    for (const key of [...this.#lines.keys()]) this.#end(key);
  }

  #mayWrite(event: string, network: string): boolean {
    const now = this.#clock.monotonicMs();
    for (const [key, { sinceMs }] of this.#lines) {
      if (now - sinceMs < repeatWindowMs) break;
      this.#end(key);
    }
    const ownKey = `${network} ${event}`;
    const isTracked = this.#lines.has(ownKey) || this.#lines.size < maxTrackedLines;
    const [key, from] = isTracked ? [ownKey, network] : [others, others];
    const line = this.#lines.get(key) ?? { event, from, sinceMs: now, count: 0 };
    line.count += 1;
    this.#lines.set(key, line);
    return line.count <= maxRepeatedLines;
  }

  #end(key: string): void {
    const line = this.#lines.get(key);
    this.#lines.delete(key);
    if (line === undefined || line.count <= maxRepeatedLines) return;
    const { event, from, count } = line;
    this.#log.warn('repeated lines suppressed', { event, from, times: count - maxRepeatedLines });
  }
}
