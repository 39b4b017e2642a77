/** Flags of install and uninstall, beside the agent's own. Pure. */
import { path } from '../../../shared/cli/value-types.js';
import { flag, value } from '../../../shared/cli/option-table.js';

export const installOptions = {
  watch: flag('Watch all the time, from boot on. The default of a first install.'),
  timer: flag(
    'Take a shot every --interval (default here: 10 s), the first one minute after start.',
  ),
  path: value(path('FILE'), 'Send each version of a picture that another program overwrites.'),
  plug: flag('Watch each webcam while it is plugged in, from one minute after it is plugged in.'),
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
