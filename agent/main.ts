#!/usr/bin/env node
/** Entry point of the agent: finds the command, runs it, sets the exit code. */
import { type Commands, findCommand, reportFatal } from '../shared/cli/command.js';
import { run } from './commands/watch.js';

/** Commands by their first word; without one the agent watches. A module is loaded only when its command runs. */
const commands: Commands = {
  replay: () => import('./commands/replay.js'),
  pair: () => import('./commands/pair.js'),
  doctor: () => import('./commands/doctor.js'),
  install: () => import('./commands/install.js'),
  status: () => import('./commands/status.js'),
  uninstall: () => import('./commands/uninstall.js'),
};

process.exitCode = await findCommand(commands, run, process.argv.slice(2))
  .then((command) => command(process.env))
  .then(
    () => 0,
    (error: unknown) => reportFatal('agent', error, process.env),
  );
