/**
 * Shared by both programs' main functions: the log, the signals that end the process, and the line and exit code for
 * an error.
 */
import { fstatSync, writeSync } from 'node:fs';
import { type Clock } from '../clock.js';
import { OperationalError, UsageError, describeError, exitCodeFor, systemCode } from './errors.js';
import { type Log, errorPriority, isJournal, makeLog } from './log.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** @throws {UsageError} for a wrong argument @throws {OperationalError} for a failure at run time */
export type Command = (argv: readonly string[], env: Environment) => Promise<void>;
/** By the first argument; a command's module is loaded when it is used. */
export type Commands = Readonly<Record<string, () => Promise<{ readonly run: Command }>>>;

/**
 * The command that the first argument names; `fallback` when it is a flag or absent.
 * @throws {UsageError} the first argument is neither a command nor a flag
 */
export async function findCommand(
  commands: Commands,
  fallback: Command,
  argv: readonly string[],
): Promise<(env: Environment) => Promise<void>> {
  const [name] = argv;
  if (name === undefined || name.startsWith('-')) return (env) => fallback(argv, env);
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const names = Object.keys(commands).join(' ');
    throw new UsageError(`unknown command '${name}'`, {
      hint: names === '' ? 'try --help' : `the commands are ${names}; or try --help`,
    });
  }
  const { run } = await load();
  return (env) => run(argv.slice(1), env);
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
export function reportFatal(program: string, error: unknown, env: Environment): number {
  const isExpected = error instanceof OperationalError;
  const text = isExpected || !(error instanceof Error) ? describeError(error) : error.stack;
  const priority = isJournal(env.JOURNAL_STREAM, fstatSync(2)) ? errorPriority : '';
  writeTo(2, `${priority}${program}: ${text ?? describeError(error)}\n`);
  return exitCodeFor(error);
}
