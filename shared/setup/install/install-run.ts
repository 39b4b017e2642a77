/** Runs install and uninstall of both programs: applies or prints the plan, then prints the next steps. */
import { writeTo } from '../../cli/command.js';
import { OperationalError, systemCode } from '../../cli/errors.js';
import { type RunTool, ask } from '../../process/run-tool.js';
import { applyPlan } from './apply-plan.js';
import type { Plan } from './plan.js';
import { type Request, checkRights } from './rights.js';
import type { Runner } from './runner.js';
import { type Removal, removeInstalled } from './remove-installed.js';

interface RunFlags {
  readonly dryRun: boolean;
  readonly force?: boolean;
}

const print = (line: string): void => writeTo(1, `${line}\n`);

/** @throws {UsageError} not root @throws {OperationalError} INSTALL */
export async function runInstall(
  plan: Plan,
  request: Request,
  flags: RunFlags,
  run: RunTool,
): Promise<void> {
  const { dryRun, force = false } = flags;
  if (!dryRun) await checkRights(request, plan.scope, run);
  const runner = runnerFor(run, plan.scope.isUser, dryRun);
  await asInstallError('install', applyPlan(plan, runner, force));
  for (const note of plan.notes) print(`note     ${note}`);
}

/** @throws {UsageError} not root @throws {OperationalError} INSTALL */
export async function runUninstall(
  removal: Removal,
  request: Request,
  flags: RunFlags,
  run: RunTool,
): Promise<void> {
  if (!flags.dryRun) await checkRights(request, removal.scope, run);
  const runner = runnerFor(run, removal.scope.isUser, flags.dryRun);
  await asInstallError('uninstall', removeInstalled(removal, runner));
}

/** Turns a system error into an OperationalError. @throws {OperationalError} INSTALL */
async function asInstallError(command: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (cause instanceof OperationalError || systemCode(cause) === undefined) throw cause;
    const hint = 'fix the cause and run the command again, or run uninstall';
    throw new OperationalError('INSTALL', `${command} is incomplete`, { cause, hint });
  }
}

function runnerFor(run: RunTool, isUser: boolean, isDryRun: boolean): Runner {
  return { run, isUser, isDryRun, print };
}

/** systemd's major version; undefined when systemctl is missing. */
export async function systemdVersion(run: RunTool): Promise<number | undefined> {
  const number = /^systemd (\d+)/.exec((await ask(run, 'systemctl', ['--version'])) ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}
