/** `agent doctor`: checks what a camera machine needs, and prints the command that fixes each problem. */
import { hostname } from 'node:os';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { type Finding, finding } from '../../shared/setup/doctor/finding.js';
import { clockFinding, unitFindings } from '../../shared/setup/doctor/machine-findings.js';
import { reportFindings } from '../../shared/setup/doctor/report.js';
import { unitStates } from '../../shared/setup/doctor/unit-state.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import {
  type InstalledSettings,
  readInstalledSettings,
} from '../../shared/setup/install/settings.js';
import { typedCredentials } from '../../shared/keys/fleet-keys.js';
import { flag } from '../../shared/cli/option-table.js';
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

const doctorOptions = {
  user: flag("Check the agent of this user's systemd instance instead of the system's."),
  json: flag('Print the findings as JSON.'),
  help: flag('Show this help.'),
};
const program = { name: 'agent', table: { ...agentProgram.table, ...doctorOptions } } as const;

const usage = `agent doctor [--host HOST[:PORT]] [--device DEVICE] … [-- COMMAND ARGUMENT …]

Checks the camera, the receiver, pairing, the disk, the clock and the service, and prints the command that fixes
each problem. Takes the agent's flags; settings that are not given are those of the installed agent. The exit
code is 1 when a check finds a fault.

`;

/** @throws {UsageError} @throws {OperationalError} DOCTOR when there is a fault */
export const run = defineCommand({
  program,
  usage,
  shown: doctorOptions,
  accepts: 'command',
  async run({ options: { user: isUser }, command, env, optionsWith }) {
    const scope = scopeFor(isUser, env);
    const settings = await readInstalledSettings(scope, 'agent');
    // Flags and environment override the installed settings.
    const variables = { ...settings.variables, ...(await unitVariables(scope)), ...env };
    const options = optionsWith(variables);
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
  },
});

/** Settings that the installed unit gives as flags. */
async function unitVariables(scope: Scope): Promise<Environment> {
  const mode = await installedMode(scope);
  return mode?.kind === 'path' ? { AGENT_SOURCE: `file:${mode.path}` } : {};
}

const noHost = finding(
  'receiver',
  'fault',
  'no receiver is configured',
  'agent doctor --host HOST, where HOST is the machine that runs the receiver',
);

function installLine({ isUser }: Scope): string {
  return isUser ? 'agent install --user --host HOST' : 'sudo agent install --host HOST';
}

function settingsFindings({ path, status }: InstalledSettings): readonly Finding[] {
  if (status === 'missing') return [];
  if (status === 'read') return [finding('settings', 'ok', `from ${path}; flags override them`)];
  return [finding('settings', 'warning', `this user cannot read ${path}`, 'sudo agent doctor')];
}
