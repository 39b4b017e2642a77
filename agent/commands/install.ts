/** `agent install`: the agent as a service of this machine, with the settings that are typed. */
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { UsageError, systemCode } from '../../shared/cli/errors.js';
import { runInstall, systemdVersion } from '../../shared/setup/install/install-run.js';
import { givenSettings, visiblePath } from '../../shared/setup/install/given-settings.js';
import { ownPackage } from '../../shared/setup/install/package-root.js';
import { type Scope, scopeFor, systemScope } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { readFleetKeys, typedCredentials } from '../../shared/keys/fleet-keys.js';
import { helpText, readCommandLine, readFlags } from '../../shared/cli/option-table.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { agentProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { defaultStateDirectory } from '../service/state.js';
import { stateFolderName } from '../setup/units.js';
import { type Mode, agentPlan } from '../setup/install/agent-plan.js';
import { installedMode } from '../setup/install/installed-mode.js';
import { installOptions } from '../setup/install/install-options.js';

const program = { name: 'agent', table: { ...agentProgram.table, ...installOptions } } as const;

const usage = `agent install --host HOST[:PORT] [--camera NAME] [--watch|--timer|--path FILE|--plug] …

Sets the agent up as a service that starts by itself: writes its units, its settings and its user, and starts
it. All other flags of the agent are taken too, and become settings. Run it again to change something: what is
not said stays as it is. agent uninstall takes everything away again.

`;

/** What a service has from its unit, or what only somebody at a terminal can use. */
const refused = {
  once: '--timer does that',
  state: 'the service has a folder of its own',
  explain: 'the service may write nowhere but in its own folder; try it by hand',
  idleExit: 'the units that need it have it',
  json: 'nobody would read it',
  verbose: 'put AGENT_VERBOSE=yes into the settings while you need it',
  version: 'it installs this one',
};

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  // Of what is set here, nothing is meant for a service.
  const { options, positionals, command } = readCommandLine(program, argv, {});
  if (options.help) {
    const shown = { name: 'agent', table: installOptions };
    writeTo(1, `${usage}${helpText(shown)}\n`);
    return;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`'${positionals[0]}' is no flag; try --help`);
  const scope = scopeFor(options.user, env);
  const { supplied } = readFlags(program, argv);
  const mode = askedMode(options, scope) ?? (await installedMode(scope)) ?? { kind: 'watch' };
  const settings = givenSettings({
    program: 'agent',
    table: agentProgram.table,
    supplied,
    refused: { ...refused, ...refusedIn[mode.kind] },
    paths: ['mask'],
    scope,
  });
  if (options.source.kind === 'file' || options.source.kind === 'folder') {
    const seen = visiblePath(options.source.path, '--source', scope);
    settings.AGENT_SOURCE = `${options.source.kind}:${seen}`;
  }
  if (command !== undefined) settings.AGENT_COMMAND = JSON.stringify(command);
  const variables = { ...(await readInstalledSettings(scope, 'agent')).variables, ...settings };
  if (!variables.AGENT_HOST) {
    throw new UsageError('where shall the frames go?', { hint: 'say it with --host HOST' });
  }
  const state = mode.kind === 'plug' ? undefined : installedState(variables, scope, env);
  // For what is typed beside the service, as "agent pair". Emptied is unset.
  if (state !== undefined || variables.AGENT_STATE) settings.AGENT_STATE = state ?? '';
  const own = ownPackage();
  const plan = await agentPlan({
    mode,
    intervalMs: intervalOf(variables),
    settings,
    state,
    package: own,
    scope,
    systemdVersion: await systemdVersion(runTool),
  });
  const request = {
    words: ['agent', 'install', ...argv],
    package: own,
    userId: process.getuid?.(),
  };
  await runInstall(plan, request, options, runTool);
  if (!options.dryRun) await rememberPaired(state, env);
}

/** An agent that was paired before there were marks outside of its state folder, or that has a fleet's keys. */
async function rememberPaired(state: string | undefined, env: Environment): Promise<void> {
  // Each webcam that is plugged in has a folder of its own.
  const states = state === undefined ? await webcamStates() : [state];
  const fleet = await readFleetKeys(typedCredentials(undefined, process.geteuid?.()));
  for (const each of states) {
    const { length } = await new KeyStore(each, undefined).pairings();
    if (length + fleet.length > 0) await new PairedMark(each, env, { isRequired: false }).make();
  }
}

async function webcamStates(): Promise<readonly string[]> {
  const folder = join(systemScope.stateFolder ?? '', dirname(stateFolderName));
  try {
    return (await readdir(folder)).map((name) => join(folder, name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

const refusedIn: Readonly<Record<Mode['kind'], Readonly<Record<string, string>>>> = {
  watch: {},
  timer: {},
  path: {
    source: '--path is the source',
    all: '--path does that',
    interval: 'each version is sent',
  },
  plug: {
    device: '--plug watches whatever is plugged in',
    camera: 'each webcam has a name of its own: the machine’s and the device’s',
    source: '--plug watches webcams',
  },
};

interface ModeFlags {
  readonly watch: boolean;
  readonly timer: boolean;
  readonly path: string | undefined;
  readonly plug: boolean;
}

function askedMode({ watch, timer, path, plug }: ModeFlags, scope: Scope): Mode | undefined {
  const asked = [watch, timer, path !== undefined, plug].filter((each) => each).length;
  if (asked > 1) throw new UsageError('one of --watch, --timer, --path and --plug, not several');
  if (path !== undefined) return { kind: 'path', path: visiblePath(path, '--path', scope) };
  if (timer) return { kind: 'timer' };
  if (plug) return { kind: 'plug' };
  return watch ? { kind: 'watch' } : undefined;
}

/** Where the service's state is. A user's keeps its folder, also when the camera gets another name. */
function installedState(variables: Environment, { stateFolder }: Scope, env: Environment): string {
  if (stateFolder !== undefined) return join(stateFolder, stateFolderName);
  const { AGENT_STATE: before, AGENT_CAMERA: camera } = variables;
  const byHand = { ...env, STATE_DIRECTORY: '' };
  return before || defaultStateDirectory(byHand, camera || cameraNameFromHost(hostname()));
}

/** What is set; undefined: it is left to the units. @throws {UsageError} */
function intervalOf(variables: Environment): number | undefined {
  if (!variables.AGENT_INTERVAL) return undefined;
  const table = { interval: agentProgram.table.interval };
  return readCommandLine({ name: 'agent', table }, [], variables).options.interval;
}
