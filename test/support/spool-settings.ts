/** Settings for a spool that tells nobody anything: a test replaces what it looks at. */
import type { SpoolSetSettings } from '../../agent/spool/spool-set.js';
import { systemClock } from '../../shared/clock.js';

export const spoolSettings: SpoolSetSettings = {
  maxBytes: 2 ** 28,
  maxAgeMs: 0,
  dropsFirst: 'oldest',
  sendsFirst: 'oldest',
  clock: systemClock,
  onDropped: () => undefined,
  onError: () => undefined,
  onRecovered: () => undefined,
  onForeign: () => undefined,
  onOrphaned: () => undefined,
};
