#!/usr/bin/env node
/** The receiver's program: finds the command that is meant, runs it, ends with the right exit code. */
import { type Commands, findCommand, reportFatal } from '../shared/cli/command.js';
import { run } from './commands/serve.js';

/** What a first word may be; without one the receiver serves. Each is loaded only when it is asked for. */
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
// A probe of an inherited socket may keep the loop alive; everything that matters is done.
process.exit();
