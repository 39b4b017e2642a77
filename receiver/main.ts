/** Entry point of the receiver: runs the command, sets the exit code. */
import { type Commands, runCommandLine } from '../shared/cli/command.js';
import { withHelpCommands } from '../shared/cli/help-commands.js';
import { run } from './commands/serve.js';

const commands: Commands = {
  program: 'receiver',
  sections: {
    'Set up': {
      install: {
        does: 'Sets up the services of this machine; again with other flags, it changes them.',
        load: () => import('./commands/install.js'),
      },
      pair: {
        does: 'Makes a one-time code for a camera, and prints the line to type there.',
        load: () => import('./commands/pair.js'),
      },
      cameras: {
        does: 'Lists the paired cameras.',
        load: () => import('./commands/cameras.js'),
      },
      unpair: {
        does: 'Removes the key of a camera: it is refused from then on.',
        load: () => import('./commands/unpair.js'),
      },
      'web-password': {
        does: 'Sets the password with which a name opens the viewer.',
        load: () => import('./commands/web-password.js'),
      },
      uninstall: {
        does: 'Removes what install has set up; frames and keys stay.',
        load: () => import('./commands/uninstall.js'),
      },
    },
    'See what happened': {
      web: {
        does: 'Shows the frames in a browser.',
        load: () => import('./commands/web.js'),
      },
      notify: {
        does: 'Announces events and silent cameras: runs programs, sends pushes.',
        load: () => import('./commands/notify.js'),
      },
      snooze: {
        does: 'Announces nothing of a camera for a while.',
        load: () => import('./commands/snooze.js'),
      },
      report: {
        does: 'Shows for each camera when it was watched and quiet, when something changed, and what is unknown.',
        load: () => import('./commands/report.js'),
      },
      status: {
        does: 'Shows the services, the cameras, and how full the disk is.',
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
    },
    'Look after the frames': {
      keep: {
        does: 'Keeps a frame or an event: no limit deletes it.',
        load: () => import('./commands/keep.js'),
      },
      unkeep: {
        does: 'Ends what keep did.',
        load: () => import('./commands/unkeep.js'),
      },
      prune: {
        does: 'Deletes the oldest frames by the limits now, or lists what it would delete.',
        load: () => import('./commands/prune.js'),
      },
      erase: {
        does: 'Removes a stretch of time of a camera on purpose, also what arrives later.',
        load: () => import('./commands/erase.js'),
      },
      verify: {
        does: 'Checks every frame, signature and record.',
        load: () => import('./commands/verify.js'),
      },
      export: {
        does: 'Copies a stretch of time, with what proves it.',
        load: () => import('./commands/export.js'),
      },
      copy: {
        does: 'Copies captures between directories and buckets.',
        load: () => import('./commands/copy.js'),
      },
      reindex: {
        does: 'Writes lost lines of the record anew, from the files.',
        load: () => import('./commands/reindex.js'),
      },
    },
    'Examples of socket activation': {
      echo: {
        does: 'Answers each line in upper case.',
        load: () => import('./examples/echo.js'),
      },
      file: {
        does: 'Takes one file of any kind.',
        load: () => import('./examples/file.js'),
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
// A probe of an inherited socket may keep the event loop alive; all work is done here.
process.exit();
