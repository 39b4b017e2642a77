/** A work budget without limit. */
import type { ConnectionBudget } from '../../receiver/limits/work/work-budgets.js';

export const freeBudget: ConnectionBudget = {
  pay: () => undefined,
  paySlow: () => undefined,
  refund: () => undefined,
  cancel: () => undefined,
  end: () => undefined,
};
