/** Flags of install and uninstall in addition to the receiver's own. Pure. */
import { flag } from '../../../shared/cli/option-table.js';

export const installOptions = {
  accept: flag(
    'Start a process for each connection (surveillance.socket) instead of one for all cameras. --accept=no: one for all again.',
  ),
  user: flag(
    "Install a service of this user's own systemd: without root, and without most of the sandbox.",
  ),
  dryRun: flag('Show the files and commands, and change nothing.'),
  force: flag('Overwrite unit files that install did not write, or that were changed since.'),
  help: flag('Show this.'),
};

export const uninstallOptions = {
  user: flag("Remove the service of this user's own systemd."),
  dryRun: flag('Show the files and commands, and change nothing.'),
  help: flag('Show this.'),
};
