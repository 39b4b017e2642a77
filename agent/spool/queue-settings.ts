/** The settings of a spool. */
import type { Clock } from '../../shared/clock.js';
import type { SpoolReport } from './spool-report.js';

export interface QueueSettings {
  readonly maxBytes: number;
  /** Frames older than this are dropped, milliseconds; 0: no limit. */
  readonly maxAgeMs: number;
  /** Which frames are dropped when `maxBytes` is reached. */
  readonly dropsFirst: 'oldest' | 'newest';
  readonly sendsFirst: 'oldest' | 'newest';
  readonly clock: Clock;
  readonly report: SpoolReport;
}
