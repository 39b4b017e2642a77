/** Flags of install, beside the agent's own. Pure. */
import { path } from '../../../shared/cli/value-types.js';
import { installFlags } from '../../../shared/setup/install/install-flags.js';
import { flag, value } from '../../../shared/cli/option-table.js';

export const installOptions = {
  watch: flag('Watch all the time, from boot on. The default of a first install.'),
  timer: flag(
    'Take a shot every --interval (default here: 10 s), the first one minute after start.',
  ),
  path: value(path('FILE'), 'Send each version of a picture that another program overwrites.'),
  plug: flag('Watch each webcam while it is plugged in, from one minute after it is plugged in.'),
  ...installFlags,
};
