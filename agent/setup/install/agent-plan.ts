/** The agent's installation plan: its units for the requested mode, adapted from the shipped ones. */
import { join } from 'node:path';
import { UsageError } from '../../../shared/cli/errors.js';
import type { Plan, PlannedFile } from '../../../shared/setup/install/plan.js';
import type { SettingChanges } from '../../../shared/setup/install/environment-file.js';
import { type Package, programFiles } from '../../../shared/setup/install/program-files.js';
import type { SecretFile } from '../../../shared/setup/install/secret-file.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import {
  type Fitting,
  exampleFile,
  fileInUnits,
  fittedText,
  unitFiles,
} from '../../../shared/setup/install/shipped-units.js';
import {
  quotePath,
  quoteWord,
  withSetting,
  withoutSpecifiers,
} from '../../../shared/setup/install/unit-file.js';
import { formatDuration } from '../../../shared/cli/units.js';

export type Mode =
  { readonly kind: 'watch' | 'timer' | 'plug' } | { readonly kind: 'path'; readonly path: string };

export interface AgentPlanRequest {
  readonly mode: Mode;
  /** Time between two shots of the timer; undefined: the default of the shipped unit. */
  readonly intervalMs: number | undefined;
  readonly settings: SettingChanges;
  /** The agent's state directory, with its keys; undefined: each webcam has its own. */
  readonly state: string | undefined;
  readonly package: Package;
  readonly scope: Scope;
  /** The folder whose files the agent removes (`--consume`). */
  readonly consumed: string | undefined;
  /** The camera's user and password. */
  readonly secret: SecretFile | undefined;
  /** systemd's major version; undefined: not known. */
  readonly systemdVersion: number | undefined;
  /** Further sentences to print after install. */
  readonly notes: readonly string[];
}

export const serviceUser = 'picchanged';
/** The path in the shipped path unit. */
const shippedPath = '/run/monitor/monitor.jpg';
const ruleName = '99-picchanged-webcam.rules';
const ruleFolder = '/etc/udev/rules.d';

const heading = `# Settings of the agent: every flag has a variable, as AGENT_MIN_AREA for --min-area.
# "agent install" changes the settings that it is given, keeps the others, and restarts the service.
# agent.env.example has every setting with its default. After a change: agent config --check && agent install
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
    restart: ['picchanged-webcam@*.service'],
    stop: ['picchanged-webcam@*'],
  },
};

/** @throws {UsageError} the mode is not possible in this scope */
export async function agentPlan(request: AgentPlanRequest): Promise<Plan> {
  const { mode, scope, settings, state } = request;
  if (scope.isUser && mode.kind === 'plug') {
    throw new UsageError(
      '--plug cannot be combined with --user: it needs a udev rule of the system',
    );
  }
  const program = await programFiles(request.package, 'agent', scope);
  const words = new Map<string, string>();
  if (mode.kind === 'path') words.set(`file:${shippedPath}`, quoteWord(`file:${mode.path}`));
  const { command } = program;
  const fitting: Fitting = { package: request.package, scope, program: 'agent', command, words };
  const { names, ...units } = unitsOf[mode.kind];
  const files: PlannedFile[] = [...program.files, exampleFile(fitting, 'agent')];
  for (const name of names) {
    files.push(...(await unitFiles(name, fitting, (text) => adjust(text, name, request))));
  }
  files.push(...(await restartSteps(request, names, fitting)), ...consumeDropIn(request));
  if (mode.kind === 'plug') {
    const text = await fittedText(ruleName, fitting);
    files.push({ path: join(ruleFolder, ruleName), content: { text }, mode: 0o644 });
  }
  return {
    program: 'agent',
    scope,
    systemUsers: scope.isUser
      ? []
      : [{ name: serviceUser, gecos: 'Camera agent', home: `/var/lib/${serviceUser}` }],
    folders:
      state !== undefined && !scope.isUser
        ? [{ path: state, owner: serviceUser, mode: 0o700 }]
        : [],
    files,
    settings: { path: join(scope.settingsFolder, 'agent.env'), values: settings, heading },
    secret: request.secret,
    ...units,
    hasUdevRule: mode.kind === 'plug',
    notes: [...program.notes, ...request.notes, ...notesFor(request)],
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

/** A drop-in for systemd 254 and later; older versions warn of unknown settings. */
async function restartSteps(
  { scope, systemdVersion }: AgentPlanRequest,
  names: readonly string[],
  fitting: Fitting,
): Promise<readonly PlannedFile[]> {
  if (systemdVersion === undefined || systemdVersion < 254) return [];
  const services = names.filter((name) => /-watch\.service$|-webcam@\.service$/.test(name));
  const text = await fittedText('restart-steps.conf', fitting);
  return services.map((name) => fileInUnits(scope, `${name}.d/restart-steps.conf`, text));
}

/** The sandbox makes the file system read-only; a folder that is missing at the start must not stop the service. */
function consumeDropIn({ mode, consumed, scope }: AgentPlanRequest): readonly PlannedFile[] {
  if (mode.kind !== 'watch' || consumed === undefined || scope.isUser) return [];
  const text = `# --consume: the agent removes the files that it has taken.
[Service]
ReadWritePaths=${quotePath(`-${consumed}`)}
`;
  return [fileInUnits(scope, 'picchanged-watch.service.d/consume.conf', text)];
}

function notesFor({ mode, scope, consumed }: AgentPlanRequest): string[] {
  const flag = scope.isUser ? ' --user' : '';
  const sudo = scope.isUser ? '' : 'sudo ';
  const start = {
    watch: [],
    timer: ['the first shot is taken in one minute'],
    path: ['the next version of the file is sent'],
    plug: ['plug in a webcam: it is watched after one minute'],
  }[mode.kind];
  const removes =
    consumed === undefined || scope.isUser
      ? []
      : [`the service removes files: user ${serviceUser} needs write access to ${consumed}`];
  return [
    ...start,
    ...removes,
    `check the installation: ${sudo}agent doctor${flag}`,
    `show the status: ${sudo}agent status${flag}`,
  ];
}
