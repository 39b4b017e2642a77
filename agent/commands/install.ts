/** `agent install`: installs the agent as a service, with the given flags as its settings. */
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import type { Environment } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { refuseFaults } from '../../shared/setup/config/installed-check.js';
import { runInstall, systemdVersion } from '../../shared/setup/install/install-run.js';
import {
  type GivenSettings,
  givenSettings,
  visiblePath,
} from '../../shared/setup/install/given-settings.js';
import { lingerNotes } from '../../shared/setup/install/linger.js';
import { ownPackage } from '../../shared/setup/install/package-root.js';
import { type Scope, scopeFor, systemScope } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { readFleetKeys, typedCredentials } from '../../shared/keys/fleet-keys.js';
import { readCommandLine } from '../../shared/cli/option-table.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { agentProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { defaultStateDirectory } from '../service/state.js';
import type { SourceChoice } from '../source/source-choice.js';
import { stateFolderName } from '../setup/units.js';
import { agentSettings, refusedFlags } from './settings.js';
import { cameraLogin } from '../setup/install/camera-login.js';
import { type Mode, agentPlan, serviceUser } from '../setup/install/agent-plan.js';
import { installedMode } from '../setup/install/installed-mode.js';
import { fitToSource, sourceOfMode } from '../setup/install/source-settings.js';
import { installOptions } from '../setup/install/install-options.js';

const program = { name: 'agent', table: { ...agentProgram.table, ...installOptions } } as const;

const usage = `agent install --host HOST[:PORT] [--camera NAME] [--watch|--timer|--path FILE|--plug] …

Installs the agent as a service and starts it: writes its units and settings and creates its user. All other
flags of the agent are accepted and become settings. Run it again to change settings: those that are not given
stay as they are, and an empty value, as --mask= or --mask none, takes one back. agent uninstall removes everything
again.

`;

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export const run = defineCommand({
  program,
  usage,
  shown: installOptions,
  // The environment of this shell is not for the service.
  readsEnvironment: false,
  accepts: 'command',
  async run({ options, supplied, command, argv, env }) {
    const scope = scopeFor(options.user, env);
    const earlierMode = await installedMode(scope);
    const mode = requestedMode(options, scope) ?? earlierMode ?? { kind: 'watch' };
    const settings = givenSettings({
      program: 'agent',
      table: agentProgram.table,
      supplied,
      refused: { ...refusedFlags, ...refusedIn[mode.kind] },
      paths: ['mask'],
      scope,
    });
    if (options.source.kind === 'file' || options.source.kind === 'folder') {
      const path = visiblePath(options.source.path, '--source', scope);
      settings.AGENT_SOURCE = `${options.source.kind}:${path}`;
    }
    if (command?.length) settings.AGENT_COMMAND = JSON.stringify(command);
    const before = await readInstalledSettings(scope, 'agent');
    refuseFaults(before, settings, agentSettings);
    const installed = before.variables;
    const source = sourceOfMode(mode) ?? sourceIn({ ...installed, ...settings });
    const fit = fitToSource(mode, source, settings, installed);
    Object.assign(settings, fit.removed);
    // The permission to remove files from a full folder is for the folder that it was given for.
    if (installed.AGENT_YES && supplied.has('source') && !supplied.has('yes'))
      settings.AGENT_YES = undefined;
    const state =
      mode.kind === 'plug' ? undefined : installedState(installed, settings, scope, env);
    const login =
      state === undefined
        ? undefined
        : await cameraLogin({
            ...{ given: settings, installed, state },
            isCamera: source === 'http' || source === 'rtsp',
            owner: scope.isUser ? undefined : serviceUser,
          });
    Object.assign(settings, login?.changes);
    const variables = { ...installed, ...settings };
    if (!variables.AGENT_HOST) {
      throw new UsageError('--host is required', { hint: 'name the receiver with --host HOST' });
    }
    // For commands that run beside the service, as "agent pair".
    settings.AGENT_STATE = state;
    const plan = await agentPlan({
      mode,
      intervalMs: intervalOf(variables),
      settings,
      state,
      consumed: consumedFolder(variables),
      secret: login?.secret,
      package: ownPackage(),
      scope,
      systemdVersion: await systemdVersion(runTool),
      notes: [
        ...(await lingerNotes(runTool, scope.isUser)),
        ...fit.notes,
        ...(login?.notes ?? []),
        ...(earlierMode === undefined || earlierMode.kind === mode.kind
          ? []
          : keptInterval(settings, variables, scope)),
      ],
    });
    await runInstall(plan, argv, options, runTool);
    if (!options.dryRun) await rememberPaired(state, env);
  },
});

/** Marks an agent that was paired by a version without marks outside of its state directory, or has fleet keys. */
async function rememberPaired(state: string | undefined, env: Environment): Promise<void> {
  // With --plug each webcam has its own state directory.
  const directories = state === undefined ? await webcamStates() : [state];
  const fleet = await readFleetKeys(typedCredentials(undefined, process.geteuid?.()));
  for (const directory of directories) {
    const { length } = await new KeyStore(directory, undefined).pairings();
    if (length + fleet.length > 0)
      await new PairedMark(directory, env, { isRequired: false }).make();
  }
}

async function webcamStates(): Promise<readonly string[]> {
  const folder = join(systemScope.stateFolder ?? '', dirname(stateFolderName));
  const names = (await ifExists(readdir(folder))) ?? [];
  return names.map((name) => join(folder, name));
}

const refusedIn: Readonly<Record<Mode['kind'], Readonly<Record<string, string>>>> = {
  watch: {},
  timer: {},
  path: {
    source: '--path sets the source; for another one add --watch',
    all: '--path implies it',
    interval: 'with --path each version is sent',
  },
  plug: {
    device: '--plug watches each webcam that is plugged in',
    camera: 'with --plug each webcam gets its own name: host name and device name',
    source: '--plug watches webcams only; for another source add --watch',
  },
};

interface ModeFlags {
  readonly watch: boolean;
  readonly timer: boolean;
  readonly path: string | undefined;
  readonly plug: boolean;
}

function requestedMode({ watch, timer, path, plug }: ModeFlags, scope: Scope): Mode | undefined {
  const count = [watch, timer, path !== undefined, plug].filter((isSet) => isSet).length;
  if (count > 1) throw new UsageError('give only one of --watch, --timer, --path and --plug');
  if (path !== undefined) return { kind: 'path', path: visiblePath(path, '--path', scope) };
  if (timer) return { kind: 'timer' };
  if (plug) return { kind: 'plug' };
  return watch ? { kind: 'watch' } : undefined;
}

/** The service's state directory. A user service keeps its directory when the camera's name changes. */
function installedState(
  installed: Environment,
  given: Environment,
  { stateFolder }: Scope,
  env: Environment,
): string {
  if (stateFolder !== undefined) return join(stateFolder, stateFolderName);
  const { AGENT_STATE: previous, AGENT_CAMERA: camera } = { ...installed, ...given };
  const byHand = { ...env, STATE_DIRECTORY: '' };
  return previous || defaultStateDirectory(byHand, camera || cameraNameFromHost(hostname()));
}

/** @throws {UsageError} the value is invalid */
function sourceIn(variables: Environment): SourceChoice['kind'] {
  const table = { source: agentProgram.table.source };
  return readCommandLine({ name: 'agent', table }, [], variables).options.source.kind;
}

/** A sentence when a new mode takes up the interval that was given for another one. */
function keptInterval(
  settings: GivenSettings,
  { AGENT_INTERVAL: interval }: Environment,
  { isUser }: Scope,
): readonly string[] {
  if (!interval || 'AGENT_INTERVAL' in settings) return [];
  const install = isUser ? 'agent install --user' : 'sudo agent install';
  return [`AGENT_INTERVAL=${interval} stays from before; for the default: ${install} --interval=`];
}

/** The folder whose files the service will remove. @throws {UsageError} */
function consumedFolder(variables: Environment): string | undefined {
  const { source, consume } = agentProgram.table;
  const { options } = readCommandLine({ name: 'agent', table: { source, consume } }, [], variables);
  if (!options.consume) return undefined;
  if (options.source.kind === 'folder') return options.source.path;
  throw new UsageError('--consume works with --source folder:DIR only', {
    hint: 'take the setting back: --consume=',
  });
}

/** The interval of the settings; undefined: the unit's default applies. @throws {UsageError} */
function intervalOf(variables: Environment): number | undefined {
  if (!variables.AGENT_INTERVAL) return undefined;
  const table = { interval: agentProgram.table.interval };
  return readCommandLine({ name: 'agent', table }, [], variables).options.interval;
}
