/**
 * What both programs' main functions share: the log, the signals that end them, and one line and an exit
 * code for an error.
 */
import { fstatSync, writeSync } from 'node:fs';
import { type Clock } from '../clock.js';
import { OperationalError, UsageError, describeError, exitCodeFor, systemCode } from './errors.js';
import { type Log, errorPriority, isJournal, makeLog } from './log.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** @throws {UsageError} for what was typed @throws {OperationalError} for what failed while it ran */
export type Command = (argv: readonly string[], env: Environment) => Promise<void>;
/** By the first word that is typed; a command's module is loaded when it is asked for. */
export type Commands = Readonly<Record<string, () => Promise<{ readonly run: Command }>>>;

/**
 * The command that the first word names, or `fallback` when the first word is a flag or there is none.
 * @throws {UsageError} the first word is neither
 */
export async function findCommand(
  commands: Commands,
  fallback: Command,
  argv: readonly string[],
): Promise<(env: Environment) => Promise<void>> {
  const [word] = argv;
  if (word === undefined || word.startsWith('-')) return (env) => fallback(argv, env);
  const load = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (load === undefined) {
    const names = Object.keys(commands).join(' ');
    throw new UsageError(`'${word}' is no command and no flag`, {
      hint: names === '' ? 'try --help' : `the commands are ${names}; or try --help`,
    });
  }
  const { run } = await load();
  return (env) => run(argv.slice(1), env);
}

/** Writes to a standard stream at once; a reader that has gone away is no reason to stop. */
export function writeTo(fd: 1 | 2, text: string): void {
  try {
    writeSync(fd, text);
  } catch (error) {
    // EPIPE: nobody reads. EAGAIN: a pipe that is full; a line of log is not worth waiting for.
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

/** Tells an error that ends the program, in one line; a bug with its stack. @returns the exit code */
export function reportFatal(program: string, error: unknown, env: Environment): number {
  const isExpected = error instanceof OperationalError;
  const text = isExpected || !(error instanceof Error) ? describeError(error) : error.stack;
  const priority = isJournal(env.JOURNAL_STREAM, fstatSync(2)) ? errorPriority : '';
  writeTo(2, `${priority}${program}: ${text ?? describeError(error)}\n`);
  return exitCodeFor(error);
}
