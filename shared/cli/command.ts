/**
 * Shared by both programs: the choice of the command, the line and the exit code for an error, the log, and the signals
 * that end the process.
 */
import { fstatSync, writeSync } from 'node:fs';
import { type Clock } from '../clock.js';
import { OperationalError, UsageError, describeError, exitCodeFor, systemCode } from './errors.js';
import { type Log, errorPriority, isJournal, makeLog } from './log.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** @throws {UsageError} for a wrong argument @throws {OperationalError} for a failure at run time */
export type Command = (argv: readonly string[], env: Environment) => Promise<void>;

export interface Commands {
  readonly program: 'agent' | 'receiver';
  /** By the first argument; a command's module is loaded when it is used. */
  readonly named: Readonly<Record<string, () => Promise<{ readonly run: Command }>>>;
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
    const [name] = argv;
    const isNamed = name !== undefined && !name.startsWith('-');
    if (isNamed) await (await loadCommand(commands, name))(argv.slice(1), env);
    else await commands.unnamed(argv, env);
    return 0;
  } catch (error) {
    return reportFatal(commands.program, error, env);
  }
}

/** @throws {UsageError} there is no command with this name */
async function loadCommand({ named }: Commands, name: string): Promise<Command> {
  const load = Object.hasOwn(named, name) ? named[name] : undefined;
  if (load !== undefined) return (await load()).run;
  const names = Object.keys(named).join(' ');
  throw new UsageError(`unknown command '${name}'`, {
    hint: `the commands are ${names}; or try --help`,
  });
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

export function openLog(component: string, verbose: boolean, env: Environment, clock: Clock): Log {
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

/** Writes the error that ends the program: one line, or the stack for a bug. @returns the exit code */
function reportFatal(program: string, error: unknown, env: Environment): number {
  const isExpected = error instanceof OperationalError;
  const text = isExpected || !(error instanceof Error) ? describeError(error) : error.stack;
  const priority = isJournal(env.JOURNAL_STREAM, fstatSync(2)) ? errorPriority : '';
  writeTo(2, `${priority}${program}: ${text ?? describeError(error)}\n`);
  return exitCodeFor(error);
}
