/** What install and uninstall take on top of the agent's own flags. Pure. */
import { path } from '../../../shared/cli/value-types.js';
import { flag, value } from '../../../shared/cli/option-table.js';

export const installOptions = {
  watch: flag('Watch all the time, from boot on. This is what happens unless you say otherwise.'),
  timer: flag('A shot every --interval (10 s), the first a minute after the start.'),
  path: value(path('FILE'), 'Send each version of a picture that another program overwrites.'),
  plug: flag('Watch each webcam for as long as it is plugged in, from a minute after on.'),
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
