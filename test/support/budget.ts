/** A work budget without limit. */
import type { ConnectionBudget } from '../../receiver/limits/work/work-budgets.js';

export const freeBudget: ConnectionBudget = {
  pay: () => undefined,
  charge: () => undefined,
  refund: () => undefined,
  cancel: () => undefined,
  end: () => undefined,
};
