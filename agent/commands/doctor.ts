/** `agent doctor`: checks what a camera machine needs, and prints the command that fixes each problem. */
import { hostname } from 'node:os';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { type Finding, finding } from '../../shared/setup/doctor/finding.js';
import { lookAsService } from '../../shared/setup/doctor/service-user.js';
import { clockFinding, unitFindings } from '../../shared/setup/doctor/machine-findings.js';
import { reportFindings } from '../../shared/setup/doctor/report.js';
import { type UnitState, unitStates } from '../../shared/setup/doctor/unit-state.js';
import { versionFindings } from '../../shared/setup/doctor/version-findings.js';
import { serviceVersions } from '../../shared/setup/running-version.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { checkInstalled } from '../../shared/setup/config/installed-check.js';
import { flag } from '../../shared/cli/option-table.js';
import { installedMode } from '../setup/install/installed-mode.js';
import { stateDirectoryFor } from '../setup/installed.js';
import { agentProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { agentUnits } from '../setup/units.js';
import {
  type AgentToCheck,
  labelled,
  linkFindings,
  machineFindings,
} from '../setup/doctor/agent-findings.js';
import type { Mode } from '../setup/install/agent-plan.js';
import { findInstances, hasSingleAgent, instanceVariables } from '../setup/instances.js';
import { agentSettings } from './settings.js';

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
  async run({ options: { user: isUser }, supplied, command, env, optionsWith }) {
    const scope = scopeFor(isUser, env);
    const settings = await readInstalledSettings(scope, 'agent');
    // Flags and environment override the installed settings.
    const mode = await installedMode(scope);
    const checked = checkInstalled(settings, agentSettings, isUser);
    const variables = { ...checked.variables, ...unitVariables(mode), ...env };
    const options = optionsWith(variables);
    const signal = abortOnSignals();
    const nowMs = systemClock.nowMs();
    const units = await unitStates(runTool, agentUnits, isUser);
    const isPlug = mode?.kind === 'plug';
    const isOne = supplied.has('state') || env.AGENT_STATE !== undefined;
    const instances = isOne ? [] : await findInstances(units ?? [], scope, isPlug);
    const isWatched = (name?: string): boolean => isRunning(units ?? [], name);
    const agents: AgentToCheck[] = [];
    if (isOne || hasSingleAgent(mode, instances, settings)) {
      const state = await stateDirectoryFor(options, scope, env, hostname());
      const camera = options.camera ?? cameraNameFromHost(hostname());
      const own = { options, command, variables, state, camera, isWatched: isWatched() };
      agents.push({ instance: undefined, ...own });
    }
    const settingsFindings = checked.finding === undefined ? [] : [checked.finding];
    for (const instance of instances) {
      const { name, state } = instance;
      const file = await readInstalledSettings(scope, name);
      const read = checkInstalled(file, agentSettings, isUser);
      if (read.finding !== undefined) settingsFindings.push(...labelled(name, [read.finding]));
      const own = { ...instanceVariables(instance, checked.variables, read.variables), ...env };
      const given = optionsWith(own);
      const camera = given.camera ?? name;
      const values = { options: given, command, variables: own, state, camera };
      agents.push({ instance: name, ...values, isWatched: isWatched(name) });
    }
    const links: (readonly Finding[])[] = [];
    for (const agent of agents) links.push(await linkFindings(agent, { env, isUser, signal }));
    const versions = await serviceVersions(units ?? [], scope);
    const services = serviceNames(units ?? []);
    const eyes = isUser
      ? { user: undefined, findings: [] }
      : await lookAsService(runTool, services, 'sudo agent doctor');
    const findings: Finding[] = [...settingsFindings, ...eyes.findings];
    for (const [at, agent] of agents.entries()) {
      const machine = await machineFindings(agent, eyes, { nowMs, signal });
      findings.push(...labelled(agent.instance, [...machine, ...(links[at] ?? [])]));
    }
    if (agents.length === 0) findings.push(...unpluggedFindings);
    findings.push(await clockFinding(runTool, nowMs));
    if (agents.length > 0) findings.push(...unitFindings(units, nowMs, isUser, installLine(scope)));
    const install = isUser ? 'agent install --user' : 'sudo agent install';
    findings.push(...versionFindings(versions, install));
    reportFindings(findings, options.json, env);
  },
});

/** Settings that the installed unit gives as flags. */
function unitVariables(mode: Mode | undefined): Environment {
  return mode?.kind === 'path' ? { AGENT_SOURCE: `file:${mode.path}` } : {};
}

/** @param instance undefined: the units without one */
function isRunning(units: readonly UnitState[], instance: string | undefined): boolean {
  return units.some(({ name, active }) => {
    const isIts = instance === undefined ? !name.includes('@') : name.includes(`@${instance}.`);
    return isIts && /^(activating|active)$/.test(active);
  });
}

/** The services of the units: a timer or path starts the one with its name. */
function serviceNames(units: readonly UnitState[]): readonly string[] {
  const names = units.map(({ name }) => name.replace(/\.timer$/, '.service'));
  return [...new Set(names)].filter((name) => name.endsWith('.service'));
}

const unpluggedFindings = [
  finding(
    'device',
    'ok',
    'no webcam is plugged in; each one is watched from a minute after it is plugged in',
  ),
  finding(
    'pairing',
    'ok',
    'each webcam is paired by itself, when it is plugged in',
    'sudo agent pair HOST --instance video0',
  ),
];

function installLine({ isUser }: Scope): string {
  return isUser ? 'agent install --user --host HOST' : 'sudo agent install --host HOST';
}
