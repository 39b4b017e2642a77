#!/usr/bin/env node
/** The agent's program: finds the command that is meant, runs it, ends with the right exit code. */
import { type Commands, findCommand, reportFatal } from '../shared/cli/command.js';
import { run } from './commands/watch.js';

/** What a first word may be; without one the agent watches. Each is loaded only when it is asked for. */
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
