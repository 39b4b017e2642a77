/** `agent install`: the agent as a service of this machine, with the settings that are typed. */
import { type Environment, writeTo } from '../../shared/command.js';
import { UsageError } from '../../shared/errors.js';
import { runInstall, systemdVersion } from '../../shared/install/install-run.js';
import { givenSettings, visiblePath } from '../../shared/install/given-settings.js';
import { ownPackage } from '../../shared/install/package-root.js';
import { type Scope, scopeFor } from '../../shared/install/scope.js';
import { readInstalledSettings } from '../../shared/install/settings.js';
import { helpText, readCommandLine, readFlags } from '../../shared/option-table.js';
import { agentProgram } from '../options.js';
import { runTool } from '../run-program.js';
import { type Mode, agentPlan } from './agent-plan.js';
import { installOptions } from './install-options.js';

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
  json: 'nobody would read it',
  verbose: 'put AGENT_VERBOSE=yes into the settings while you need it',
  version: 'it installs this one',
};

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  // Of what is set here, nothing is meant for a service.
  const { options, words, command } = readCommandLine(program, argv, {});
  if (options.help) {
    const shown = { name: 'agent', table: installOptions };
    writeTo(1, `${usage}${helpText(shown)}\n`);
    return;
  }
  if (words[0] !== undefined) throw new UsageError(`'${words[0]}' is no flag; try --help`);
  const scope = scopeFor(options.user, env);
  const { given } = readFlags(program, argv);
  const mode = modeOf(options, given, scope);
  const settings = givenSettings({
    program: 'agent',
    table: agentProgram.table,
    given,
    refused: { ...refused, ...refusedIn[mode.kind] },
    paths: ['mask'],
    scope,
  });
  if (options.source.kind === 'file' || options.source.kind === 'folder') {
    const seen = visiblePath(options.source.path, '--source', scope);
    settings.AGENT_SOURCE = `${options.source.kind}:${seen}`;
  }
  if (command !== undefined) settings.AGENT_COMMAND = JSON.stringify(command);
  await requireHost(scope, settings);
  const own = ownPackage();
  const version = await systemdVersion(runTool);
  const plan = await agentPlan({ mode, settings, package: own, scope, systemdVersion: version });
  const request = {
    words: ['agent', 'install', ...argv],
    package: own,
    userId: process.getuid?.(),
  };
  await runInstall(plan, request, options, runTool);
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
  readonly interval: number;
}

function modeOf(
  { watch, timer, path, plug, interval }: ModeFlags,
  given: ReadonlyMap<string, unknown>,
  scope: Scope,
): Mode {
  const asked = [watch, timer, path !== undefined, plug].filter((each) => each).length;
  if (asked > 1) throw new UsageError('one of --watch, --timer, --path and --plug, not several');
  if (timer) return { kind: 'timer', intervalMs: given.has('interval') ? interval : undefined };
  if (path !== undefined) return { kind: 'path', path: visiblePath(path, '--path', scope) };
  return { kind: plug ? 'plug' : 'watch' };
}

/** A second install need not say what the first one did. @throws {UsageError} */
async function requireHost(scope: Scope, settings: Readonly<Record<string, string>>) {
  if (settings.AGENT_HOST !== undefined) return;
  const { variables } = await readInstalledSettings(scope, 'agent');
  if (variables.AGENT_HOST) return;
  throw new UsageError('where shall the frames go?', { hint: 'say it with --host HOST' });
}
