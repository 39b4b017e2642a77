/** A budget that never ends, for what is tested without one. */
import type { ConnectionBudget } from '../../receiver/limits/work/work-budgets.js';

export const freeBudget: ConnectionBudget = {
  pay: () => undefined,
  payLock: () => undefined,
  refund: () => undefined,
  cancel: () => undefined,
  end: () => undefined,
};
