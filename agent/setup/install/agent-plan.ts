/** Which units the agent gets for what was asked, and how they differ from those that ship. */
import { join } from 'node:path';
import { UsageError } from '../../../shared/cli/errors.js';
import type { Plan, PlannedFile } from '../../../shared/setup/install/plan.js';
import { type Package, programFiles } from '../../../shared/setup/install/program-files.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { type Fitting, fittedUnit, unitFile } from '../../../shared/setup/install/templates.js';
import {
  quoteWord,
  withSetting,
  withoutSpecifiers,
} from '../../../shared/setup/install/unit-file.js';
import { formatDuration } from '../../../shared/cli/units.js';

export type Mode =
  { readonly kind: 'watch' | 'timer' | 'plug' } | { readonly kind: 'path'; readonly path: string };

export interface AgentPlanRequest {
  readonly mode: Mode;
  /** Of the timer, from one shot to the next; undefined: as the unit that ships has it. */
  readonly intervalMs: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** Where the agent's state is, its keys with it; undefined: each webcam has a folder of its own. */
  readonly state: string | undefined;
  readonly package: Package;
  readonly scope: Scope;
  /** systemd's major version; undefined: not known. */
  readonly systemdVersion: number | undefined;
}

const serviceUser = 'picchanged';
const programPath = '/usr/local/bin/agent';
/** As the path unit that ships has it. */
const shippedPath = '/run/monitor/monitor.jpg';
const ruleName = '99-picchanged-webcam.rules';
const ruleFolder = '/etc/udev/rules.d';

const heading = `# Settings of the agent: every flag has a variable, --min-area is AGENT_MIN_AREA.
# "agent install" changes what it is told and keeps the rest; afterwards the service is started again.
`;

interface Units {
  readonly names: readonly string[];
  readonly enable: readonly string[];
  readonly restart: readonly string[];
  readonly stop: readonly string[];
}

const unitsOf: Readonly<Record<Mode['kind'], Units>> = {
  watch: {
    names: ['picchanged-watch.service'],
    enable: ['picchanged-watch.service'],
    restart: [],
    stop: ['picchanged-watch.service'],
  },
  timer: {
    names: ['picchanged.timer', 'picchanged.service'],
    enable: ['picchanged.timer'],
    restart: [],
    stop: ['picchanged.timer', 'picchanged.service'],
  },
  path: {
    names: ['picchanged.path', 'picchanged-path.service'],
    enable: ['picchanged.path'],
    restart: ['picchanged-path.service'],
    stop: ['picchanged.path', 'picchanged-path.service'],
  },
  plug: {
    names: ['picchanged-webcam@.timer', 'picchanged-webcam@.service'],
    enable: [],
    restart: ['picchanged-webcam@*'],
    stop: ['picchanged-webcam@*'],
  },
};

/** @throws {UsageError} the mode is not for this scope */
export async function agentPlan(request: AgentPlanRequest): Promise<Plan> {
  const { mode, scope, settings, state } = request;
  if (scope.isUser && mode.kind === 'plug') {
    throw new UsageError("--plug needs the system's udev: not with --user");
  }
  const program = await programFiles(request.package, 'agent', scope);
  const words = new Map([[programPath, program.command]]);
  if (mode.kind === 'path') words.set(`file:${shippedPath}`, quoteWord(`file:${mode.path}`));
  const fitting: Fitting = { package: request.package, scope, words };
  const { names, ...units } = unitsOf[mode.kind];
  const files: PlannedFile[] = [...program.files];
  for (const name of names) {
    files.push(unitFile(scope, name, adjust(await fittedUnit(name, fitting), name, request)));
  }
  files.push(...(await restartSteps(request, names)));
  if (mode.kind === 'plug') {
    const text = await fittedUnit(ruleName, fitting);
    files.push({ path: join(ruleFolder, ruleName), content: { text }, mode: 0o644 });
  }
  return {
    program: 'agent',
    scope,
    systemUser: scope.isUser ? undefined : { name: serviceUser, gecos: 'Camera agent' },
    folders:
      state !== undefined && !scope.isUser
        ? [{ path: state, owner: serviceUser, mode: 0o700 }]
        : [],
    files,
    settings: { path: join(scope.settingsFolder, 'agent.env'), values: settings, heading },
    ...units,
    hasUdevRule: mode.kind === 'plug',
    notes: [...program.notes, ...notesFor(request)],
  };
}

function adjust(text: string, name: string, { mode, intervalMs }: AgentPlanRequest): string {
  if (name === 'picchanged.timer' && intervalMs !== undefined) {
    return withSetting(text, 'Timer', 'OnUnitInactiveSec', formatDuration(intervalMs));
  }
  if (mode.kind === 'path' && name.endsWith('.path')) {
    return withSetting(text, 'Path', 'PathChanged', withoutSpecifiers(mode.path));
  }
  return text;
}

/** Before 254, systemd complains of what it does not know. */
async function restartSteps(
  { scope, systemdVersion, package: { root } }: AgentPlanRequest,
  names: readonly string[],
): Promise<readonly PlannedFile[]> {
  if (systemdVersion === undefined || systemdVersion < 254) return [];
  const fitting = { package: { root, node: '' }, scope, words: new Map<string, string>() };
  const services = names.filter((name) => /-watch\.service$|-webcam@\.service$/.test(name));
  return Promise.all(
    services.map(async (name) =>
      unitFile(
        scope,
        `${name}.d/restart-steps.conf`,
        await fittedUnit('restart-steps.conf', fitting),
      ),
    ),
  );
}

function notesFor({ mode, scope }: AgentPlanRequest): string[] {
  const flag = scope.isUser ? ' --user' : '';
  const sudo = scope.isUser ? '' : 'sudo ';
  const start = {
    watch: [],
    timer: ['the first shot comes in a minute'],
    path: ['the next version of the file is sent'],
    plug: ['plug a webcam in: a minute later it is watched'],
  }[mode.kind];
  const linger = 'it runs while you are logged in; from boot on with: loginctl enable-linger';
  return [
    ...start,
    ...(scope.isUser ? [linger] : []),
    `is all well? ${sudo}agent doctor${flag}`,
    `what does it do? ${sudo}agent status${flag}`,
  ];
}
