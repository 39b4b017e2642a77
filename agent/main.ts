/** Entry point of the agent: runs the command, sets the exit code. */
import { type Commands, runCommandLine } from '../shared/cli/command.js';
import { withHelpCommands } from '../shared/cli/help-commands.js';
import { run } from './commands/watch.js';

const commands: Commands = {
  program: 'agent',
  sections: {
    'Set up': {
      install: {
        does: 'Sets up the services of this machine; again with other flags, it changes them.',
        load: () => import('./commands/install.js'),
      },
      pair: {
        does: 'Exchanges keys with a receiver by a one-time code: encrypted from then on.',
        load: () => import('./commands/pair.js'),
      },
      unpair: {
        does: 'Removes the key for a receiver: nothing is sent to it until it is paired again.',
        load: () => import('./commands/unpair.js'),
      },
      uninstall: {
        does: 'Removes what install has set up.',
        load: () => import('./commands/uninstall.js'),
      },
    },
    'Look after it': {
      status: {
        does: 'Shows the services, what waits to be sent, and what is paired.',
        load: () => import('./commands/status.js'),
      },
      config: {
        does: 'Shows the settings that apply and where they come from; --check finds their faults.',
        load: () => import('./commands/config.js'),
      },
      doctor: {
        does: 'Checks everything that has to be right, and says what to do.',
        load: () => import('./commands/doctor.js'),
      },
      replay: {
        does: 'Runs the detection over stored frames: what would these flags have caught?',
        load: () => import('./commands/replay.js'),
      },
    },
  },
  unnamed: run,
};

process.exitCode = await runCommandLine(
  withHelpCommands(commands),
  process.argv.slice(2),
  process.env,
);
