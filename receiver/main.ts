#!/usr/bin/env node
/** Entry point of the receiver: runs the command, sets the exit code. */
import { type Commands, runCommandLine } from '../shared/cli/command.js';
import { run } from './commands/serve.js';

const commands: Commands = {
  program: 'receiver',
  named: {
    pair: () => import('./commands/pair.js'),
    cameras: () => import('./commands/cameras.js'),
    unpair: () => import('./commands/unpair.js'),
    doctor: () => import('./commands/doctor.js'),
    echo: () => import('./examples/echo.js'),
    file: () => import('./examples/file.js'),
    report: () => import('./commands/report.js'),
    erase: () => import('./commands/erase.js'),
    verify: () => import('./commands/verify.js'),
    export: () => import('./commands/export.js'),
    reindex: () => import('./commands/reindex.js'),
    prune: () => import('./commands/prune.js'),
    keep: () => import('./commands/keep.js'),
    unkeep: () => import('./commands/unkeep.js'),
    web: () => import('./commands/web.js'),
    install: () => import('./commands/install.js'),
    status: () => import('./commands/status.js'),
    uninstall: () => import('./commands/uninstall.js'),
  },
  unnamed: run,
};

process.exitCode = await runCommandLine(commands, process.argv.slice(2), process.env);
// A probe of an inherited socket may keep the event loop alive; all work is done here.
process.exit();
