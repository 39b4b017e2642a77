/** What install and uninstall take on top of the receiver's own flags. Pure. */
import { flag } from '../../../shared/cli/option-table.js';

export const installOptions = {
  accept: flag(
    'A process for each connection (surveillance.socket), not one for all cameras; --accept=no: back.',
  ),
  user: flag(
    "A service of this user's own systemd: without root, and without most of the sandbox.",
  ),
  dryRun: flag('Show what would be written and run, and do nothing.'),
  force: flag('Overwrite unit files that are not from install, or were changed since.'),
  help: flag('Show this.'),
};

export const uninstallOptions = {
  user: flag("Take the service of this user's own systemd away."),
  dryRun: flag('Show what would be removed and run, and do nothing.'),
  help: flag('Show this.'),
};
