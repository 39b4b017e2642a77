/** Flags of install in addition to the receiver's own. Pure. */
import { installFlags } from '../../../shared/setup/install/install-flags.js';
import { flag } from '../../../shared/cli/option-table.js';

export const installOptions = {
  accept: flag(
    'Start a process for each connection (surveillance.socket) instead of one for all cameras. ' +
      '--accept=no: one for all again.',
  ),
  ...installFlags,
};
