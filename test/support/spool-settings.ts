/** Settings for a spool whose reports are discarded: a test replaces those that it checks. */
import type { QueueSettings } from '../../agent/spool/queue-settings.js';
import type { SpoolReport } from '../../agent/spool/spool-report.js';
import { systemClock } from '../../shared/clock.js';

export const noReport: SpoolReport = {
  dropped: () => undefined,
  failed: () => undefined,
  worked: () => undefined,
  foreign: () => undefined,
  orphaned: () => undefined,
};

export const spoolSettings: QueueSettings = {
  maxBytes: 2 ** 28,
  maxAgeMs: 0,
  dropsFirst: 'oldest',
  sendsFirst: 'oldest',
  clock: systemClock,
  report: noReport,
};
