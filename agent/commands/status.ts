/** `agent status`: reports what the agent does now, from systemd and from its state directory. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.js';
import { cameraName } from '../../shared/protocol/camera-name.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { serviceLines } from '../../shared/setup/doctor/machine-findings.js';
import { type UnitState, unitStates } from '../../shared/setup/doctor/unit-state.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { versionLines } from '../../shared/setup/doctor/version-findings.js';
import { serviceVersions } from '../../shared/setup/running-version.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { path } from '../../shared/cli/value-types.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { ago, counted, humanSize } from '../../shared/cli/humanize.js';
import { stateDirectoryFor } from '../setup/installed.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { runTool } from '../../shared/process/run-tool.js';
import { type ReceiverSurvey, receiverFacts, surveyReceivers } from '../setup/receiver-survey.js';
import { isStateLocked } from '../service/state-lock.js';
import { agentUnits } from '../setup/units.js';
import type { Mode } from '../setup/install/agent-plan.js';
import { installedMode } from '../setup/install/installed-mode.js';
import { findInstances, hasSingleAgent } from '../setup/instances.js';

const program = {
  name: 'agent',
  table: {
    state: value(path('DIR'), 'State directory to read. Without it: that of the installed agent.'),
    camera: value(
      cameraName,
      'For an agent that was started by hand: the camera whose default state directory is read.',
    ),
    user: flag("Show the agent of this user's systemd instance instead of the system's."),
    json: flag('Print the status as one line of JSON.'),
    help: flag('Show this help.'),
  },
} as const;

const usage = `agent status

Shows the agent's service, the frames that wait for each receiver, and the receivers that it is paired with.

`;

/** @throws {UsageError} @throws {OperationalError} STATE: the state directory cannot be read */
export const run = defineCommand({
  program,
  usage,
  async run({ options: { user }, supplied, env, optionsWith }) {
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'agent');
    const options = optionsWith(settings.variables);
    const nowMs = systemClock.nowMs();
    const units = (await unitStates(runTool, agentUnits, user)) ?? [];
    const versions = await serviceVersions(units, scope);
    const mode = await installedMode(scope);
    const isOne = supplied.has('state') || env.AGENT_STATE !== undefined;
    const instances = isOne ? [] : await findWebcams(units, scope, mode);
    const states = instances.map(({ state }) => state);
    if (isOne || hasSingleAgent(mode, instances, settings)) {
      states.unshift(await stateDirectoryFor(options, scope, env, hostname()));
    }
    const agents: AgentState[] = [];
    for (const state of states) agents.push(await readState(state));
    if (options.json) {
      writeTo(1, `${JSON.stringify({ units, versions, ...agents[0], others: agents.slice(1) })}\n`);
      return;
    }
    const lines = [
      ...(agents.length === 0 ? [unplugged] : serviceLines(units, nowMs)),
      ...versionLines(versions, user ? 'agent install --user' : 'sudo agent install'),
      ...agents.flatMap((agent) => agentLines(agent, nowMs)),
    ];
    writeTo(1, lines.map((line) => `${line}\n`).join(''));
  },
});

const unplugged =
  'no webcam is plugged in; each one is watched from a minute after it is plugged in';

function agentLines(
  { state, isAtWork, spools, pairings }: AgentState,
  nowMs: number,
): readonly string[] {
  return [
    `${isAtWork ? 'an agent runs' : 'no agent runs'} with ${state}`,
    ...(spools.length === 0 ? ['no frame was spooled yet'] : []),
    ...spools.flatMap((spool) => spoolLines(spool, nowMs)),
    ...(pairings.length === 0 ? ['not paired with any receiver'] : []),
    ...pairings.map(({ hosts, camera }) => `paired with ${hosts.join(', ')} as ${camera ?? ''}`),
  ];
}

async function findWebcams(units: readonly UnitState[], scope: Scope, mode: Mode | undefined) {
  try {
    return await findInstances(units, scope, mode?.kind === 'plug');
  } catch (cause) {
    throw stateError(join(scope.stateFolder ?? '', 'picchanged'), cause);
  }
}

interface AgentState {
  readonly state: string;
  readonly isAtWork: boolean;
  readonly spools: readonly ReceiverSurvey[];
  readonly pairings: Awaited<ReturnType<KeyStore['pairings']>>;
}

async function readState(state: string): Promise<AgentState> {
  try {
    const spools = await surveyReceivers(state);
    const pairings = await new KeyStore(state, undefined).pairings();
    return { state, isAtWork: await isStateLocked(state), spools, pairings };
  } catch (cause) {
    throw stateError(state, cause);
  }
}

function stateError(path: string, cause: unknown): unknown {
  if (systemCode(cause) === undefined) return cause;
  return new OperationalError('STATE', `cannot read ${path}`, { cause, hint: 'sudo agent status' });
}

function spoolLines(spool: ReceiverSurvey, nowMs: number): readonly string[] {
  return [spoolLine(spool, nowMs), ...receiverFacts(spool, nowMs).map((text) => `  ${text}`)];
}

function spoolLine(spool: ReceiverSurvey, nowMs: number): string {
  const { host, waitingFrames, waitingBytes, oldestMs, newestMs } = spool;
  const refused =
    spool.asideFrames === 0
      ? ''
      : `; ${counted(spool.asideFrames, 'frame')} (${humanSize(spool.asideBytes)}) refused by the receiver and set aside`;
  const last = `${newestMs === undefined ? '' : `; last frame ${ago(newestMs, nowMs)}`}${refused}`;
  if (oldestMs === undefined) return `${host}: no frame waits${last}`;
  const waits = `${counted(waitingFrames, 'frame')} (${humanSize(waitingBytes)})`;
  return `${host}: ${waits} waiting, the oldest from ${ago(oldestMs, nowMs)}${last}`;
}
