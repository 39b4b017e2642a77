/** What a session on one connection works with, framed or raw. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import type { ByteSemaphore } from '../limits/byte-semaphore.js';
import type { Quota } from '../limits/quota.js';
import type { ConnectionBudget } from '../limits/work/work-budgets.js';
import type { FrameStore, StoredFrame } from '../store/store-port.js';

export interface SessionParts {
  readonly store: FrameStore;
  readonly quota: Quota;
  /** Key of the quota that is charged. */
  readonly spender: string;
  readonly budget: ConnectionBudget;
  readonly memory: ByteSemaphore;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFrameBytes: number;
  readonly idleTimeoutMs: number;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
  /** A frame, gap or report was refused. @param code of the protocol, or `raw` */
  readonly onRefused: (code: string) => void;
}
