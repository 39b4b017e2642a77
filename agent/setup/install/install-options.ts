/** What install and uninstall take on top of the agent's own flags. Pure. */
import { path } from '../../../shared/cli/kinds.js';
import { toggle, value } from '../../../shared/cli/option-table.js';

export const installOptions = {
  watch: toggle('Watch all the time, from boot on. This is what happens unless you say otherwise.'),
  timer: toggle('A shot every --interval (10 s), the first a minute after the start.'),
  path: value(path('FILE'), 'Send each version of a picture that another program overwrites.'),
  plug: toggle('Watch each webcam for as long as it is plugged in, from a minute after on.'),
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
