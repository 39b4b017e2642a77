/**
 * The agents of an installation. A service without an instance has the state directory `agent`; each camera of
 * `picchanged-watch@` or `picchanged@`, and each webcam that is plugged in, has a service, settings and a state directory
 * of its own.
 */
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Environment } from '../../shared/cli/command.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import type { RunTool } from '../../shared/process/run-tool.js';
import { type UnitState, unitStates } from '../../shared/setup/doctor/unit-state.js';
import { type Scope, systemScope } from '../../shared/setup/install/scope.js';
import type { InstalledSettings } from '../../shared/setup/install/settings.js';
import { naturalOrder } from '../../shared/natural-order.js';
import type { Mode } from './install/agent-plan.js';
import { installedMode } from './install/installed-mode.js';
import { agentUnits, stateFolderName } from './units.js';

/** The part of an instance's unit after `@`. */
export const instanceName: ValueType<string> = {
  metavar: 'NAME',
  parse(text) {
    if (/^[A-Za-z0-9_][A-Za-z0-9:_.-]*$/.test(text) && text !== basename(stateFolderName))
      return text;
    throw new InvalidValue('is not the name of an instance, as video0');
  },
};

/** Parent folder of the state directories of the system's agents. */
const stateRoot = join(systemScope.stateFolder ?? '', dirname(stateFolderName));

export interface Instance {
  /** The part of the unit's name after `@`: `video0`. */
  readonly name: string;
  /** True: a webcam that udev starts a service for. */
  readonly isWebcam: boolean;
  readonly state: string;
}

/**
 * Instances whose units are loaded; with `--plug` also webcams that were plugged in before, which have a state directory.
 * Sorted by name. @param isPlug the agent is installed with `--plug`
 */
export async function findInstances(
  units: readonly UnitState[],
  scope: Scope,
  isPlug: boolean,
): Promise<readonly Instance[]> {
  if (scope.stateFolder === undefined) return [];
  const folder = join(scope.stateFolder, dirname(stateFolderName));
  const found = new Map<string, Instance>();
  for (const unit of units) {
    const [, kind, name] =
      /^picchanged(-watch|-webcam)?@(.+)\.(?:service|timer)$/.exec(unit.name) ?? [];
    if (name === undefined) continue;
    found.set(name, { name, isWebcam: kind === '-webcam', state: join(folder, name) });
  }
  for (const name of isPlug ? await webcamFolders(folder) : []) {
    if (!found.has(name)) found.set(name, { name, isWebcam: true, state: join(folder, name) });
  }
  return [...found.values()].sort((one, other) => naturalOrder(one.name, other.name));
}

/** Whether there is an agent without an instance: not with `--plug`, nor where only instances are set up. */
export function hasSingleAgent(
  mode: Mode | undefined,
  instances: readonly Instance[],
  { status }: InstalledSettings,
): boolean {
  return mode?.kind !== 'plug' && (instances.length === 0 || status !== 'missing');
}

/** @throws a system error such as EACCES */
async function webcamFolders(folder: string): Promise<readonly string[]> {
  return ((await ifExists(readdir(folder))) ?? []).filter((name) => /^video\d+$/.test(name));
}

/**
 * The state directory of one of several agents of the system, for a command that root types beside them.
 * @param name undefined: the only webcam of `--plug`
 * @returns undefined: there is one agent
 * @throws {UsageError} there is no webcam, or there are several
 */
export async function instanceState(
  name: string | undefined,
  run: RunTool,
): Promise<string | undefined> {
  if (name !== undefined) return join(stateRoot, name);
  if (process.geteuid?.() !== 0) return undefined;
  if ((await installedMode(systemScope))?.kind !== 'plug') return undefined;
  const units = (await unitStates(run, agentUnits, false)) ?? [];
  const instances = await findInstances(units, systemScope, true);
  const [only, ...others] = instances;
  if (only !== undefined && others.length === 0) return only.state;
  const names = instances.map((each) => each.name).join(', ');
  const hint =
    only === undefined
      ? 'plug it in first, or name it: --instance video0'
      : `say which: --instance NAME, of ${names}`;
  throw new UsageError('with --plug each webcam is paired by itself', { hint });
}

/**
 * The settings of the instance's service, in the order of its unit.
 * @param common those of all webcams @param variables those of its own file
 */
export function instanceVariables(
  { name, isWebcam }: Instance,
  common: Environment,
  variables: Environment,
): Environment {
  if (!isWebcam) return { AGENT_CAMERA: name, ...variables };
  const camera = { AGENT_CAMERA: `${cameraNameFromHost(hostname())}-${name}` };
  return { ...camera, ...common, ...variables, AGENT_DEVICE: `/dev/${name}` };
}
