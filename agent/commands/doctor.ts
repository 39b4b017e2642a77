/** `agent doctor`: looks at all that has to be right on a camera machine, and says what to type where it is not. */
import { hostname } from 'node:os';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals, writeTo } from '../../shared/cli/command.js';
import { type Finding, finding } from '../../shared/setup/doctor/finding.js';
import { clockFinding, unitFindings } from '../../shared/setup/doctor/machine-findings.js';
import { reportFindings } from '../../shared/setup/doctor/report.js';
import { unitStates } from '../../shared/setup/doctor/unit-state.js';
import { UsageError } from '../../shared/cli/errors.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import {
  type InstalledSettings,
  readInstalledSettings,
} from '../../shared/setup/install/settings.js';
import { typedCredentials } from '../../shared/keys/fleet-keys.js';
import { helpText, readCommandLine, flag } from '../../shared/cli/option-table.js';
import { installedMode } from '../setup/install/installed-mode.js';
import { stateDirectoryFor } from '../setup/installed.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { agentProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { sourceSettings } from '../source/source-settings.js';
import { agentUnits } from '../setup/units.js';
import { cameraFindings } from '../setup/doctor/camera-findings.js';
import { keyFileFindings, pairingFindings } from '../setup/doctor/pairing-findings.js';
import { receiverFindings } from '../setup/doctor/receiver-findings.js';
import { stateFindings } from '../setup/doctor/state-findings.js';

const own = {
  user: flag("Look at the agent of this user's own systemd, not at the system's."),
  json: flag('Print the findings as JSON.'),
  help: flag('Show this.'),
};
const program = { name: 'agent', table: { ...agentProgram.table, ...own } } as const;

const usage = `agent doctor [--host HOST[:PORT]] [--device DEVICE] … [-- COMMAND ARGUMENT …]

Looks at the camera, the receiver, pairing, the disk, the clock and the service, and says what to type where something
is wrong. It takes the agent's flags; without them, the settings of the installed agent. Ends with 1 when
something cannot work.

`;

/** @throws {UsageError} @throws {OperationalError} DOCTOR when there is a fault */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const isUser = readCommandLine(program, argv, env).options.user;
  const scope = scopeFor(isUser, env);
  const settings = await readInstalledSettings(scope, 'agent');
  // What is typed or set here wins over what is installed.
  const variables = { ...settings.variables, ...(await unitVariables(scope)), ...env };
  const { options, positionals, command } = readCommandLine(program, argv, variables);
  if (options.help) {
    writeTo(1, `${usage}${helpText({ name: 'agent', table: own })}\n`);
    return;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`'${positionals[0]}' is no flag; try agent --help`);
  const signal = abortOnSignals();
  const nowMs = systemClock.nowMs();
  const units = await unitStates(runTool, agentUnits, isUser);
  const isWatched = units?.some(({ active }) => /^(activating|active)$/.test(active)) ?? false;
  const source = sourceSettings(options, command, variables);
  const directory = await stateDirectoryFor(options, scope, env, hostname());
  const findings: Finding[] = [
    ...settingsFindings(settings),
    ...(await cameraFindings({ run: runTool, settings: source, isWatched, signal })),
    ...(await stateFindings(directory, isWatched, nowMs)),
    await clockFinding(runTool, nowMs),
  ];
  if (options.host.length === 0) findings.push(noHost);
  const credentials = typedCredentials(env.CREDENTIALS_DIRECTORY, process.geteuid?.());
  const mark = new PairedMark(directory, env, { isRequired: options.paired });
  const store = new KeyStore(directory, credentials, mark);
  const camera = options.camera ?? cameraNameFromHost(hostname());
  for (const host of options.host) {
    const { findings: pairing, keys } = await pairingFindings(store, host, camera);
    findings.push(...pairing);
    if (keys !== undefined) findings.push(...(await receiverFindings(host, keys, signal)));
  }
  findings.push(...(await keyFileFindings(directory)));
  findings.push(...unitFindings(units, nowMs, isUser, installLine(scope)));
  reportFindings(findings, options.json, env);
}

/** What the installed unit says by flags. */
async function unitVariables(scope: Scope): Promise<Environment> {
  const mode = await installedMode(scope);
  return mode?.kind === 'path' ? { AGENT_SOURCE: `file:${mode.path}` } : {};
}

const noHost = finding(
  'receiver',
  'fault',
  'nothing says where frames go',
  'agent doctor --host HOST, HOST being the machine that runs the receiver',
);

function installLine({ isUser }: Scope): string {
  return isUser ? 'agent install --user --host HOST' : 'sudo agent install --host HOST';
}

function settingsFindings({ path, status }: InstalledSettings): readonly Finding[] {
  if (status === 'missing') return [];
  if (status === 'read')
    return [finding('settings', 'ok', `from ${path}, where no flag says else`)];
  return [finding('settings', 'warning', `this user may not read ${path}`, 'sudo agent doctor')];
}
