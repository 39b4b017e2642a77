/** How both programs' install and uninstall end: the plan carried out, or only told, and what to do next. */
import { writeTo } from '../command.js';
import type { RunTool } from '../run-tool.js';
import { ask } from '../run-tool.js';
import { carryOut } from './carry-out.js';
import type { Plan } from './plan.js';
import { type Request, checkRights } from './rights.js';
import { type Orders } from './system-commands.js';
import { type Removal, takeAway } from './take-away.js';

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
  await carryOut(plan, ordersFor(run, plan.scope.isUser, dryRun), force);
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
  await takeAway(removal, ordersFor(run, removal.scope.isUser, flags.dryRun));
}

function ordersFor(run: RunTool, isUser: boolean, isDryRun: boolean): Orders {
  return { run, isUser, isDryRun, say };
}

/** systemd's major version; undefined where there is none. */
export async function systemdVersion(run: RunTool): Promise<number | undefined> {
  const number = /^systemd (\d+)/.exec((await ask(run, 'systemctl', ['--version'])) ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}
