/** Runs system commands for install and uninstall, prints each step, and reports failures. */
import { OperationalError, describeError } from '../../cli/errors.js';
import { counted } from '../../cli/humanize.js';
import { type RunTool, ask } from '../../process/run-tool.js';

export interface Runner {
  readonly run: RunTool;
  /** Whose installation it is. */
  readonly program: 'agent' | 'receiver';
  readonly isUser: boolean;
  /** True: commands are printed and not run. */
  readonly isDryRun: boolean;
  readonly print: (line: string) => void;
}

/** Prints what is done to files: one line for all files of a copied program, one line for each other file. */
export function logStep(
  runner: Runner,
  verb: string,
  paths: readonly string[],
  copied: string,
): void {
  const isCopied = (path: string): boolean => path.startsWith(`${copied}/`);
  const count = paths.filter(isCopied).length;
  if (count > 0) runner.print(`${verb.padEnd(8)} ${copied}/: ${counted(count, 'file')}`);
  for (const path of paths) if (!isCopied(path)) runner.print(`${verb.padEnd(8)} ${path}`);
}

/** Prints and runs a command. @throws {OperationalError} INSTALL: it failed */
export async function runCommand(
  runner: Runner,
  program: string,
  ...args: string[]
): Promise<void> {
  const commandText = [program, ...args].map(quoted).join(' ');
  runner.print(`run      ${commandText}`);
  if (runner.isDryRun) return;
  let result;
  try {
    result = await runner.run(program, args);
  } catch (cause) {
    throw new OperationalError('INSTALL', `cannot run ${commandText}`, { cause });
  }
  if (result.exitCode === 0) return;
  const reason = result.stderr.trim().split('\n').slice(0, 3).join(' ');
  // systemd's own text names commands that show its whole journal.
  const isJob = /^(?:A dependency job|Job)\b.*failed/.test(reason);
  const doctor = `why: ${runner.isUser ? '' : 'sudo '}${runner.program} doctor${runner.isUser ? ' --user' : ''}`;
  const text = isJob ? 'the service did not start' : reason;
  throw new OperationalError(
    'INSTALL',
    `${commandText} failed: ${text}`,
    isJob ? { hint: doctor } : {},
  );
}

/** As `runCommand`, for a command that may fail: prints the failure. */
export async function tryCommand(
  runner: Runner,
  program: string,
  ...args: string[]
): Promise<void> {
  try {
    await runCommand(runner, program, ...args);
  } catch (error) {
    runner.print(`         ${describeError(error)}`);
  }
}

/** `systemctl`, of the system or of the user. */
export function systemctl(runner: Runner, ...args: string[]): Promise<void> {
  return runCommand(runner, 'systemctl', ...(runner.isUser ? ['--user'] : []), ...args);
}

/** Stops and disables units. Names may be patterns. */
export async function stopUnits(runner: Runner, units: readonly string[]): Promise<void> {
  // `disable` does not accept patterns.
  const named = units.filter((unit) => !unit.includes('*'));
  if (named.length > 0) await systemctl(runner, 'disable', ...named);
  if (units.length > 0) await systemctl(runner, 'stop', ...units);
  await forgetLastRuns(runner, named);
}

/** systemd keeps the time at which a persistent timer last ran; for other timers the command fails. */
async function forgetLastRuns(runner: Runner, units: readonly string[]): Promise<void> {
  if (runner.isDryRun) return;
  const scope = runner.isUser ? ['--user'] : [];
  // Of a service it would remove the state folder.
  for (const timer of units.filter((unit) => unit.endsWith('.timer'))) {
    await ask(runner.run, 'systemctl', [...scope, 'clean', '--what=state', timer]);
  }
}

function quoted(word: string): string {
  return /^[\w./:@=,*-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
