import type { UplinkStatus } from '../../agent/uplink/uplink-states.js';

/** For uplinks whose status a test does not look at. */
export const noStatus: UplinkStatus = {
  delivers: () => undefined,
  waits: () => undefined,
  exceeds: () => undefined,
  comparesClock: () => undefined,
};
