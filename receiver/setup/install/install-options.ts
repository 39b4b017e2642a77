/** Flags of install and uninstall in addition to the receiver's own. Pure. */
import { flag } from '../../../shared/cli/option-table.js';

export const installOptions = {
  accept: flag(
    'Start a process for each connection (surveillance.socket) instead of one for all cameras. ' +
      '--accept=no: one for all again.',
  ),
  user: flag(
    "Install for this user's systemd instance: needs no root, and has only a part of the sandbox.",
  ),
  dryRun: flag('Show what would be written and run; change nothing.'),
  force: flag('Overwrite unit files that install did not write, or that were changed since.'),
  help: flag('Show this help.'),
};

export const uninstallOptions = {
  user: flag("Remove the service of this user's systemd instance."),
  dryRun: flag('Show what would be removed and run; change nothing.'),
  help: flag('Show this help.'),
};
