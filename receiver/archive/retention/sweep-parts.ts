/** What a sweep works with. */
import type { Folder } from '../../store/folder.js';
import type { DiskSpace, RetentionLimits } from './limits.js';
import type { StoreTotals } from './store-totals.js';
import type { SweptStore } from './swept-store.js';

export interface SweepParts {
  /** With the records. */
  readonly directory: string;
  readonly swept: SweptStore;
  readonly limits: RetentionLimits;
  readonly totals: StoreTotals;
  /** Throws when the captures directory was replaced. */
  readonly checkRoot: (root: Folder) => Promise<void>;
  readonly nowMs: () => number;
  /** @throws a system error */
  readonly disk: () => DiskSpace;
}
