#!/usr/bin/env node
/** Entry point of the agent: runs the command, sets the exit code. */
import { type Commands, runCommandLine } from '../shared/cli/command.js';
import { run } from './commands/watch.js';

const commands: Commands = {
  program: 'agent',
  named: {
    replay: () => import('./commands/replay.js'),
    pair: () => import('./commands/pair.js'),
    doctor: () => import('./commands/doctor.js'),
    install: () => import('./commands/install.js'),
    status: () => import('./commands/status.js'),
    uninstall: () => import('./commands/uninstall.js'),
  },
  unnamed: run,
};

process.exitCode = await runCommandLine(commands, process.argv.slice(2), process.env);
