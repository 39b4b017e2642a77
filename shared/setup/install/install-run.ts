/** Runs install and uninstall of both programs: applies or prints the plan, then prints the next steps. */
import { writeTo } from '../../cli/command.js';
import { OperationalError, systemCode } from '../../cli/errors.js';
import { type RunTool, ask } from '../../process/run-tool.js';
import { applyPlan } from './apply-plan.js';
import { isPackagedAt, ownPackage, packagedRoot } from './package-root.js';
import type { Plan } from './plan.js';
import { checkRights } from './rights.js';
import type { Runner } from './runner.js';
import { type Removal, removeInstalled } from './remove-installed.js';

const print = (line: string): void => writeTo(1, `${line}\n`);

/** @param argv the arguments after `install` @throws {UsageError} not root @throws {OperationalError} INSTALL */
export async function runInstall(
  plan: Plan,
  argv: readonly string[],
  { dryRun, force }: { readonly dryRun: boolean; readonly force: boolean },
  run: RunTool,
): Promise<void> {
  if (!dryRun) await checkRights([plan.program, 'install', ...argv], plan.scope, run);
  if (!plan.scope.isUser) refuseBesidePackage(plan.program);
  const runner = runnerFor(plan, run, dryRun);
  await asInstallError('install', applyPlan(plan, runner, force));
  for (const note of plan.notes) print(`note     ${note}`);
}

/** @param argv the arguments after `uninstall` @throws {UsageError} not root @throws {OperationalError} INSTALL */
export async function runUninstall(
  removal: Removal,
  argv: readonly string[],
  isDryRun: boolean,
  run: RunTool,
): Promise<void> {
  const { program, scope } = removal;
  if (!isDryRun) await checkRights([program, 'uninstall', ...argv], scope, run);
  const runner = runnerFor(removal, run, isDryRun);
  await asInstallError('uninstall', removeInstalled(removal, runner));
  const { root, isPackaged } = ownPackage();
  const isOfNpm = root.includes('/node_modules/');
  const npm = isOfNpm ? ': npm uninstall --global picchanged removes it' : '';
  const remove = isPackaged ? ': apt remove picchanged removes it' : npm;
  print(`note     the programs themselves stay in ${root}${remove}`);
}

/** Units of this program would hide those of the package. @throws {OperationalError} INSTALL */
function refuseBesidePackage(program: string): void {
  const { root, isPackaged } = ownPackage();
  if (isPackaged || !isPackagedAt(packagedRoot)) return;
  throw new OperationalError(
    'INSTALL',
    `the services of this machine are of the package picchanged in ${packagedRoot}, and this program is in ${root}`,
    {
      hint: `run: sudo /usr/bin/picchanged-${program} install; or for this program: sudo apt remove picchanged, then install`,
    },
  );
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

function runnerFor(
  { program, scope }: Pick<Plan, 'program' | 'scope'>,
  run: RunTool,
  isDryRun: boolean,
): Runner {
  return { program, run, isUser: scope.isUser, isDryRun, print };
}

/** systemd's major version; undefined when systemctl is missing. */
export async function systemdVersion(run: RunTool): Promise<number | undefined> {
  const number = /^systemd (\d+)/.exec((await ask(run, 'systemctl', ['--version'])) ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}
