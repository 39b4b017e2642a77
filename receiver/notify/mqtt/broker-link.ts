/** Keeps a connection to the broker: opens it again after growing pauses, and logs a failure once. */
import { backoffMs } from '../../../shared/backoff.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../../shared/clock.js';
import type { BrokerSession } from './broker-session.js';

export interface LinkSettings {
  /** Of the broker, for messages. */
  readonly name: string;
  /** @throws {OperationalError} LINK */
  readonly open: (signal: AbortSignal) => Promise<BrokerSession>;
  /** Uses the connection until the signal aborts. @throws {OperationalError} LINK: it is closed */
  readonly serve: (session: BrokerSession, signal: AbortSignal) => Promise<void>;
  /** Before the connection is closed because the signal has aborted. */
  readonly leave: (session: BrokerSession) => Promise<void>;
}

export interface LinkParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const pauses = { firstMs: 1000, capMs: 60_000 };
const leaveTimeLimitMs = 2000;
/** A connection that held for so long was a good one. */
const steadyMs = 10_000;

/** Until the signal aborts. */
export async function keepLink(
  settings: LinkSettings,
  parts: LinkParts,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, random } = parts;
  const failures = new RepeatingErrorLog(log, clock);
  while (!signal.aborted) {
    const failure = await linkOnce(settings, failures, parts, signal).then(
      () => undefined,
      (error: unknown) => (signal.aborted ? undefined : { error }),
    );
    if (failure === undefined) continue;
    failures.failed(`nothing is published: ${settings.name}`, failure.error);
    await clock.sleep(backoffMs(failures.failures, random(), pauses), signal);
  }
}

/** Until the signal aborts. @throws {OperationalError} LINK: the connection is closed, or there was none */
async function linkOnce(
  { name, open, serve, leave }: LinkSettings,
  failures: RepeatingErrorLog,
  { clock, log }: LinkParts,
  signal: AbortSignal,
): Promise<void> {
  const session = await open(signal);
  log.debug('connected', { to: name });
  const steady = clock.sleep(steadyMs, signal).then(() => !signal.aborted);
  void Promise.race([steady, session.closed.then(() => false)]).then((isSteady) => {
    if (isSteady) failures.worked(`${name} takes messages again`);
  });
  try {
    await serve(session, signal);
    await inTime(leave(session), clock);
  } finally {
    await session.close();
  }
}

async function inTime(work: Promise<void>, clock: Clock): Promise<void> {
  const limit = new AbortController();
  await Promise.race([work.catch(() => undefined), clock.sleep(leaveTimeLimitMs, limit.signal)]);
  limit.abort();
}
