/**
 * A log that nobody on the network can fill: of one event and one address it says the first few lines, counts
 * what follows, and says the count when a while has passed.
 */
import type { Clock } from '../../shared/clock.js';
import type { Log, LogFacts } from '../../shared/cli/log.js';
import { maxTrackedLines, maxRepeatedLines, repeatWindowMs } from './receiver-limits.js';
import { networkOf } from './network.js';

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

  /** The log of what has to do with one address. Debug lines are not counted: they were asked for. */
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

  /** Says what was counted and not said yet. */
  flush(): void {
    for (const key of [...this.#lines.keys()]) this.#end(key);
  }

  #mayWrite(event: string, network: string): boolean {
    const now = this.#clock.monotonicMs();
    for (const [key, { sinceMs }] of this.#lines) {
      if (now - sinceMs < repeatWindowMs) break;
      this.#end(key);
    }
    const own = `${network} ${event}`;
    const isRoom = this.#lines.has(own) || this.#lines.size < maxTrackedLines;
    const [key, from] = isRoom ? [own, network] : [others, others];
    const kind = this.#lines.get(key) ?? { event, from, sinceMs: now, count: 0 };
    kind.count += 1;
    this.#lines.set(key, kind);
    return kind.count <= maxRepeatedLines;
  }

  #end(key: string): void {
    const kind = this.#lines.get(key);
    this.#lines.delete(key);
    if (kind === undefined || kind.count <= maxRepeatedLines) return;
    const { event, from, count } = kind;
    this.#log.warn('more of the same', { event, from, times: count - maxRepeatedLines });
  }
}
