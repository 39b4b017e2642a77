/** The checks of one agent: its camera, mask, state directory, keys and receivers. */
import type { Destination } from '../../../shared/cli/address.js';
import type { Environment } from '../../../shared/cli/command.js';
import { describeError } from '../../../shared/cli/errors.js';
import { typedCredentials } from '../../../shared/keys/fleet-keys.js';
import { runTool } from '../../../shared/process/run-tool.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { ServiceEyes } from '../../../shared/setup/doctor/service-user.js';
import { isHiddenFromServices } from '../../../shared/setup/install/given-settings.js';
import { loadMask } from '../../detect/pipeline.js';
import { type SourceOptions, sourceSettings } from '../../source/source-settings.js';
import { KeyStore } from '../../uplink/keys/key-store.js';
import { PairedMark } from '../../uplink/keys/paired-mark.js';
import { cameraFindings } from './camera-findings.js';
import { keyFileFindings, pairingFindings } from './pairing-findings.js';
import { receiverFindings } from './receiver-findings.js';
import { stateFindings } from './state-findings.js';

export interface AgentToCheck {
  /** Undefined: the only agent. */
  readonly instance: string | undefined;
  readonly options: SourceOptions & {
    readonly host: readonly Destination[];
    readonly mask: string | undefined;
    readonly paired: boolean;
  };
  readonly command: readonly string[] | undefined;
  /** Settings and environment. */
  readonly variables: Environment;
  readonly state: string;
  /** Name of the camera while it is not paired. */
  readonly camera: string;
  /** The installed agent runs: it may hold the camera and the state's lock. */
  readonly isWatched: boolean;
}

/** Needs the rights of root: fleet keys are root's. */
export async function linkFindings(
  { options, state, camera }: AgentToCheck,
  { env, isUser, signal }: { env: Environment; isUser: boolean; signal: AbortSignal },
): Promise<readonly Finding[]> {
  if (options.host.length === 0) return [noHost];
  const findings: Finding[] = [];
  const credentials = typedCredentials(env.CREDENTIALS_DIRECTORY, process.geteuid?.());
  const mark = new PairedMark(state, env, { isRequired: options.paired });
  const store = new KeyStore(state, credentials, mark);
  for (const host of options.host) {
    const { findings: pairing, keys } = await pairingFindings(store, host, camera, isUser);
    findings.push(...pairing);
    if (keys !== undefined) findings.push(...(await receiverFindings(host, keys, signal)));
  }
  return [...findings, ...(await keyFileFindings(state))];
}

const noHost = finding(
  'receiver',
  'fault',
  'no receiver is configured',
  'agent doctor --host HOST, where HOST is the machine that runs the receiver',
);

/** Needs the rights of the service: what root can read, it may not. */
export async function machineFindings(
  agent: AgentToCheck,
  eyes: ServiceEyes,
  { nowMs, signal }: { nowMs: number; signal: AbortSignal },
): Promise<readonly Finding[]> {
  const { options, command, isWatched, state } = agent;
  // The runtime directory of the user who runs the doctor is closed to the service's user.
  const own = eyes.user === undefined ? {} : { XDG_RUNTIME_DIR: undefined };
  const settings = sourceSettings(options, command, { ...agent.variables, ...own });
  return [
    ...(await cameraFindings({ run: runTool, settings, isWatched, signal, user: eyes.user })),
    ...(await maskFindings(options.mask, eyes.user)),
    ...(await stateFindings(state, isWatched, nowMs)),
  ];
}

/** @param user of the service; undefined: the agent runs by hand */
async function maskFindings(
  path: string | undefined,
  user: string | undefined,
): Promise<readonly Finding[]> {
  if (path === undefined) return [];
  if (user !== undefined && isHiddenFromServices(path)) {
    const message = `services cannot access /home, /root and /tmp: ${path}`;
    return [finding('mask', 'fault', message, 'move it, as to /etc/picchanged, and install again')];
  }
  try {
    const { widthPx, heightPx } = await loadMask(path);
    return [finding('mask', 'ok', `${path}: ${widthPx}×${heightPx}`)];
  } catch (error) {
    const fix = 'name another one with --mask, or take the setting back';
    return [finding('mask', 'fault', describeError(error), fix)];
  }
}

/** The findings of one of several agents have its name. */
export function labelled(
  instance: string | undefined,
  findings: readonly Finding[],
): readonly Finding[] {
  if (instance === undefined) return findings;
  return findings.map((each) => ({ ...each, check: `${instance} ${each.check}` }));
}
