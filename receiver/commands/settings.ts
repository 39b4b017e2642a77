/** The variables of the receiver's settings files: its own, and that of its viewer. */
import type { KnownSettings } from '../../shared/setup/config/check-settings.js';
import { receiverProgram } from '../options.js';

export const receiverSettings: KnownSettings = {
  program: 'receiver',
  tables: [receiverProgram.table],
  others: {},
};
