/** Flags of install that both programs have. Pure. */
import { flag } from '../../cli/option-table.js';

export const installFlags = {
  user: flag(
    "Install for this user's systemd instance: needs no root, and has only a part of the sandbox.",
  ),
  dryRun: flag('Show what would be written and run; change nothing.'),
  force: flag('Overwrite unit files that install did not write, or that were changed since.'),
  help: flag('Show this help.'),
};
