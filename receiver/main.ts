#!/usr/bin/env node
/** Entry point of the receiver: finds the command, runs it, sets the exit code. */
import { type Commands, findCommand, reportFatal } from '../shared/cli/command.js';
import { run } from './commands/serve.js';

/** Commands by the first argument; without one the receiver serves. A command's module is loaded on use. */
const commands: Commands = {
  pair: () => import('./commands/pair.js'),
  cameras: () => import('./commands/cameras.js'),
  unpair: () => import('./commands/unpair.js'),
  doctor: () => import('./commands/doctor.js'),
  echo: () => import('./examples/echo.js'),
  file: () => import('./examples/file.js'),
  install: () => import('./commands/install.js'),
  status: () => import('./commands/status.js'),
  uninstall: () => import('./commands/uninstall.js'),
};

process.exitCode = await findCommand(commands, run, process.argv.slice(2))
  .then((command) => command(process.env))
  .then(
    () => 0,
    (error: unknown) => reportFatal('receiver', error, process.env),
  );
// A probe of an inherited socket may keep the event loop alive; all work is done here.
process.exit();
