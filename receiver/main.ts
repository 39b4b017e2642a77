#!/usr/bin/env node
/** The receiver's program: finds the command that is meant, runs it, ends with the right exit code. */
import { type Commands, findCommand, reportFatal } from '../shared/command.js';
import { run } from './serve-command.js';

/** What a first word may be; without one the receiver serves. Each is loaded only when it is asked for. */
const commands: Commands = {
  pair: () => import('./pair-command.js'),
  cameras: () => import('./cameras-command.js'),
  unpair: () => import('./unpair-command.js'),
  doctor: () => import('./doctor/doctor-command.js'),
  echo: () => import('./echo/echo-command.js'),
  file: () => import('./file/file-command.js'),
  install: () => import('./install/install-command.js'),
  status: () => import('./status/status-command.js'),
  uninstall: () => import('./install/uninstall-command.js'),
};

process.exitCode = await findCommand(commands, run, process.argv.slice(2))
  .then((command) => command(process.env))
  .then(
    () => 0,
    (error: unknown) => reportFatal('receiver', error, process.env),
  );
// A probe of an inherited socket may keep the loop alive; everything that matters is done.
process.exit();
