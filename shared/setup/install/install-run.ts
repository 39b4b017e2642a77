/** How both programs' install and uninstall end: the plan carried out, or only told, and what to do next. */
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

const say = (line: string): void => writeTo(1, `${line}\n`);

/** @throws {UsageError} not root @throws {OperationalError} INSTALL */
export async function runInstall(
  plan: Plan,
  request: Request,
  flags: RunFlags,
  run: RunTool,
): Promise<void> {
  const { dryRun, force = false } = flags;
  if (!dryRun) await checkRights(request, plan.scope, run);
  const orders = ordersFor(run, plan.scope.isUser, dryRun);
  await withSentence('install', applyPlan(plan, orders, force));
  for (const note of plan.notes) say(`note     ${note}`);
}

/** @throws {UsageError} not root @throws {OperationalError} INSTALL */
export async function runUninstall(
  removal: Removal,
  request: Request,
  flags: RunFlags,
  run: RunTool,
): Promise<void> {
  if (!flags.dryRun) await checkRights(request, removal.scope, run);
  const orders = ordersFor(run, removal.scope.isUser, flags.dryRun);
  await withSentence('uninstall', removeInstalled(removal, orders));
}

/** What the file system says against it. @throws {OperationalError} INSTALL */
async function withSentence(verb: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (cause instanceof OperationalError || systemCode(cause) === undefined) throw cause;
    const hint = 'mend that and run it again, or take away what is there with uninstall';
    throw new OperationalError('INSTALL', `${verb} broke off`, { cause, hint });
  }
}

function ordersFor(run: RunTool, isUser: boolean, isDryRun: boolean): Runner {
  return { run, isUser, isDryRun, say };
}

/** systemd's major version; undefined where there is none. */
export async function systemdVersion(run: RunTool): Promise<number | undefined> {
  const number = /^systemd (\d+)/.exec((await ask(run, 'systemctl', ['--version'])) ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}
