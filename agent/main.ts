#!/usr/bin/env node
/** The agent's program: finds the command that is meant, runs it, ends with the right exit code. */
import { type Commands, findCommand, reportFatal } from '../shared/command.js';
import { run } from './watch-command.js';

/** What a first word may be; without one the agent watches. Each is loaded only when it is asked for. */
const commands: Commands = {
  replay: () => import('./replay/replay-command.js'),
  pair: () => import('./pair-command.js'),
  doctor: () => import('./doctor/doctor-command.js'),
  install: () => import('./install/install-command.js'),
  status: () => import('./status/status-command.js'),
  uninstall: () => import('./install/uninstall-command.js'),
};

process.exitCode = await findCommand(commands, run, process.argv.slice(2))
  .then((command) => command(process.env))
  .then(
    () => 0,
    (error: unknown) => reportFatal('agent', error, process.env),
  );
