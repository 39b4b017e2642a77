/** The system's programs that install and uninstall order, each with a sentence when it is not content. */
import { OperationalError, describeError } from '../../cli/errors.js';
import { counted } from '../../cli/humanize.js';
import type { RunTool } from '../../process/run-tool.js';

export interface Runner {
  readonly run: RunTool;
  readonly isUser: boolean;
  /** True: the command is only told. */
  readonly isDryRun: boolean;
  readonly say: (line: string) => void;
}

/** Tells what is done to files: those of a copied program in one line, any other by itself. */
export function logStep(
  orders: Runner,
  verb: string,
  paths: readonly string[],
  copied: string,
): void {
  const isCopied = (path: string): boolean => path.startsWith(`${copied}/`);
  const count = paths.filter(isCopied).length;
  if (count > 0) orders.say(`${verb.padEnd(8)} ${copied}/: ${counted(count, 'file')}`);
  for (const path of paths) if (!isCopied(path)) orders.say(`${verb.padEnd(8)} ${path}`);
}

/** Runs a command, and tells it. @throws {OperationalError} INSTALL: it failed */
export async function order(orders: Runner, program: string, ...args: string[]): Promise<void> {
  const shown = [program, ...args].map(shownWord).join(' ');
  orders.say(`run      ${shown}`);
  if (orders.isDryRun) return;
  let result;
  try {
    result = await orders.run(program, args);
  } catch (cause) {
    throw new OperationalError('INSTALL', `cannot run ${shown}`, { cause });
  }
  if (result.exitCode === 0) return;
  const words = result.stderr.trim().split('\n').slice(0, 3).join(' ');
  throw new OperationalError('INSTALL', `${shown} failed: ${words}`);
}

/** As `order`, for what may fail without harm: it is told. */
export async function tryOrder(orders: Runner, program: string, ...args: string[]): Promise<void> {
  try {
    await order(orders, program, ...args);
  } catch (error) {
    orders.say(`         ${describeError(error)}`);
  }
}

/** `systemctl`, of the system or of the user. */
export function systemctl(orders: Runner, ...args: string[]): Promise<void> {
  return order(orders, 'systemctl', ...(orders.isUser ? ['--user'] : []), ...args);
}

/** Stops units, so that nothing starts them again, now or at the next boot. Names may be patterns. */
export async function stopUnits(orders: Runner, units: readonly string[]): Promise<void> {
  // `disable` knows no patterns.
  const named = units.filter((unit) => !unit.includes('*'));
  if (named.length > 0) await systemctl(orders, 'disable', ...named);
  if (units.length > 0) await systemctl(orders, 'stop', ...units);
}

function shownWord(word: string): string {
  return /^[\w./:@=,*-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
