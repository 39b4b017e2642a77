/** What `--health` and `--drain` add to a running receiver, for a load balancer in front of it. */
import type { Clock } from '../../shared/clock.js';
import type { ListenAddress } from '../../shared/cli/address.js';
import { UsageError } from '../../shared/cli/errors.js';
import { type HealthServer, openHealthServer } from '../listen/health-server.js';
import type { StoreHealth } from '../store/store-health.js';

export interface HealthOptions {
  readonly health: ListenAddress | undefined;
  readonly drain: number;
  readonly idleExit: number;
}

/** @throws {UsageError} the flags contradict each other */
export function checkHealthOptions({ health, drain, idleExit }: HealthOptions): void {
  if (health !== undefined && idleExit > 0) {
    throw new UsageError('--health and --idle-exit exclude each other', {
      hint: 'a receiver that ends when it is idle has no answer for a load balancer: take one back',
    });
  }
  if (drain > 0 && health === undefined) {
    throw new UsageError('--drain needs --health: nothing says that the receiver is about to end', {
      hint: 'add --health [ADDRESS:]PORT, or take --drain back',
    });
  }
}

/** @param signal of the end @returns a signal that aborts `drainMs` later */
export function afterDrain(signal: AbortSignal, drainMs: number, clock: Clock): AbortSignal {
  const ending = new AbortController();
  const drain = (): void => void clock.sleep(drainMs).then(() => ending.abort());
  if (drainMs === 0) return signal;
  if (signal.aborted) drain();
  else signal.addEventListener('abort', drain, { once: true });
  return ending.signal;
}

/** @returns undefined: no answer is asked for @throws {OperationalError} LISTEN */
export async function healthFor(
  { health: listen }: HealthOptions,
  storeHealth: StoreHealth,
  draining: AbortSignal,
): Promise<HealthServer | undefined> {
  if (listen === undefined) return undefined;
  return await openHealthServer({
    ...{ listen, draining, takesFrames: () => storeHealth.takesFrames() },
  });
}
