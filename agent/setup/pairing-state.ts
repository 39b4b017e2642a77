/** The state directory whose keys `agent pair` and `agent unpair` change. */
import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../shared/cli/command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { type RunTool, ask } from '../../shared/process/run-tool.js';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { userScope } from '../../shared/setup/install/scope.js';
import { installedValue } from '../../shared/setup/installed-value.js';
import { isStateLocked } from '../service/state-lock.js';
import { defaultStateDirectory } from '../service/state.js';
import { instanceState } from './instances.js';

export interface PairingState {
  /** `--state` */
  readonly state: string | undefined;
  /** `--camera` */
  readonly camera: string | undefined;
  /** `--instance` */
  readonly instance?: string | undefined;
}

/**
 * @param line what the user typed, without `sudo`
 * @throws {UsageError} root would change its own keys, while the agent is that of the user who typed sudo
 * @throws {OperationalError} KEYS
 */
export async function pairingState(
  { state, camera, instance }: PairingState,
  env: Environment,
  { line, run }: { readonly line: string; readonly run: RunTool },
): Promise<string> {
  if (state !== undefined) return state;
  const own = env.STATE_DIRECTORY ? undefined : await instanceState(instance, run);
  if (own !== undefined) return own;
  const installed = env.STATE_DIRECTORY
    ? undefined
    : await installedValue('agent', 'AGENT_STATE', env);
  if (installed !== undefined) return installed;
  const name = camera ?? cameraNameFromHost(hostname());
  const theirs = await agentOfSudoUser(name, env, run);
  if (theirs !== undefined) {
    throw new UsageError(`no service is installed for root, and ${theirs}`, {
      hint: `without sudo: ${line}`,
    });
  }
  return defaultStateDirectory(env, name);
}

/** @returns a sentence about the agent of the user who typed sudo; undefined: there is none */
async function agentOfSudoUser(
  camera: string,
  { SUDO_USER: user }: Environment,
  run: RunTool,
): Promise<string | undefined> {
  if (!user || user === 'root' || process.geteuid?.() !== 0) return undefined;
  const home = (await ask(run, 'getent', ['passwd', user]))?.split(':')[5];
  if (!home) return undefined;
  const settings = join(userScope({ HOME: home }).settingsFolder, 'agent.env');
  const isInstalled = await access(settings).then(
    () => true,
    () => false,
  );
  if (isInstalled) return `${user} has a service of their own (${settings})`;
  const directory = defaultStateDirectory({ HOME: home }, camera);
  return (await isStateLocked(directory)) ? `an agent of ${user} uses ${directory}` : undefined;
}
