/** What install and uninstall take on top of the receiver's own flags. Pure. */
import { toggle } from '../../../shared/cli/option-table.js';

export const installOptions = {
  accept: toggle(
    'A process for each connection (surveillance.socket), not one for all cameras; --accept=no: back.',
  ),
  user: toggle(
    "A service of this user's own systemd: without root, and without most of the sandbox.",
  ),
  dryRun: toggle('Show what would be written and run, and do nothing.'),
  force: toggle('Overwrite unit files that are not from install, or were changed since.'),
  help: toggle('Show this.'),
};

export const uninstallOptions = {
  user: toggle("Take the service of this user's own systemd away."),
  dryRun: toggle('Show what would be removed and run, and do nothing.'),
  help: toggle('Show this.'),
};
