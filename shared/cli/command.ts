/**
 * Shared by both programs: the choice of the command, the line and the exit code for an error, the log, and the signals
 * that end the process.
 */
import { fstatSync, writeSync } from 'node:fs';
import { type Clock } from '../clock.js';
import { OperationalError, UsageError, describeError, exitCodeFor, systemCode } from './errors.js';
import { type Log, errorPriority, isJournal, makeLog } from './log.js';
import { nearest } from './nearest.js';
import type { CommandHelp } from './program-help.js';
import { textWidth, wrap } from './text-width.js';

export type Environment = Readonly<Record<string, string | undefined>>;
export interface Command {
  /** @throws {UsageError} for a wrong argument @throws {OperationalError} for a failure at run time */
  (
    argv: readonly string[],
    env: Environment,
    /** What `--help` says about the program's other commands. */
    commandList?: string,
  ): Promise<void>;
  readonly help: CommandHelp;
}

export interface NamedCommand {
  /** What it does, as a sentence without a subject. */
  readonly does: string;
  /** Its module is loaded when it is used. */
  readonly load: () => Promise<{ readonly run: Command }>;
}

export interface Commands {
  readonly program: 'agent' | 'receiver';
  /** By a title for `--help`: the commands, by the first argument. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, NamedCommand>>>>;
  /** Runs when the first argument is a flag or absent. */
  readonly unnamed: Command;
}

/** Runs the command that the first argument names, and writes its error. @returns the exit code */
export async function runCommandLine(
  commands: Commands,
  argv: readonly string[],
  env: Environment,
): Promise<number> {
  try {
    const [name, ...rest] = argv;
    if (name === 'help') await help(commands, rest, env);
    else if (name !== undefined && !name.startsWith('-')) {
      await (
        await loadCommand(commands, name)
      )(rest, env);
    } else await commands.unnamed(argv, env, commandList(commands, textWidth()));
    return 0;
  } catch (error) {
    return reportFatal(commands.program, error, env);
  }
}

/** `help`, `help COMMAND` */
async function help(commands: Commands, rest: readonly string[], env: Environment): Promise<void> {
  const [name] = rest;
  if (name === undefined) {
    await commands.unnamed(['--help'], env, commandList(commands, textWidth()));
  } else await (await loadCommand(commands, name))(['--help'], env);
}

/** @throws {UsageError} there is no command with this name */
async function loadCommand(commands: Commands, name: string): Promise<Command> {
  const all = new Map(Object.values(commands.sections).flatMap((named) => Object.entries(named)));
  const command = all.get(name);
  if (command !== undefined) return (await command.load()).run;
  const meant = nearest(name, [...all.keys()]);
  const { program } = commands;
  throw new UsageError(`unknown command '${name}'`, {
    hint:
      meant === undefined
        ? `${program} --help lists the commands`
        : `did you mean ${program} ${meant}? ${program} --help lists the commands`,
  });
}

/** The commands as help text. @param width of a line */
function commandList({ program, sections }: Commands, width: number): string {
  const names = Object.values(sections).flatMap((named) => Object.keys(named));
  const column = Math.max(...names.map((name) => name.length)) + 4;
  const lines: string[] = [];
  for (const [title, named] of Object.entries(sections)) {
    lines.push(`${title}:`);
    for (const [name, { does }] of Object.entries(named)) {
      const [first = '', ...rest] = wrap(does, width, ' '.repeat(column));
      lines.push(`  ${name.padEnd(column - 2)}${first.trimStart()}`, ...rest);
    }
    lines.push('');
  }
  lines.push(`${program} help COMMAND shows the flags of a command.`, '', 'Flags:', '');
  return lines.join('\n');
}

/** Writes to a standard stream synchronously; a closed stream is not an error. */
export function writeTo(fd: 1 | 2, text: string): void {
  try {
    writeSync(fd, text);
  } catch (error) {
    // EPIPE: the reader has closed. EAGAIN: the pipe is full; a log line is dropped rather than waited for.
    if (!['EPIPE', 'EAGAIN', 'EIO'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** Of a program that prints little: a pipe that is its standard error blocks no longer. */
export function openLog(component: string, verbose: boolean, env: Environment, clock: Clock): Log {
  // Node opens it when the first socket is closed, and when this fails then, that socket stays open.
  process.stderr.on('error', () => undefined);
  return makeLog({
    component,
    verbose,
    journal: isJournal(env.JOURNAL_STREAM, fstatSync(2)),
    write: (line) => writeTo(2, line),
    nowMs: () => clock.nowMs(),
  });
}

/** A signal that aborts at SIGTERM or SIGINT; a second one ends the process at once. */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => controller.abort(name));
  }
  return controller.signal;
}

/** Writes the error that ends the program: one line, with its code unless the usage is wrong, or the stack for a bug. @returns the exit code */
function reportFatal(program: string, error: unknown, env: Environment): number {
  const isExpected = error instanceof OperationalError;
  const text = isExpected || !(error instanceof Error) ? describeError(error) : error.stack;
  const priority = isJournal(env.JOURNAL_STREAM, fstatSync(2)) ? errorPriority : '';
  const code = isExpected && !(error instanceof UsageError) ? `[${error.code}] ` : '';
  writeTo(2, `${priority}${program}: ${code}${text ?? describeError(error)}\n`);
  return exitCodeFor(error);
}
