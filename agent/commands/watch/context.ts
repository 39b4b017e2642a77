/** What a continuous watch and a one-shot run begin with: names, state directory, lock, keys, log. */
import { hostname } from 'node:os';
import type { FileHandle } from 'node:fs/promises';
import { type Destination, formatAddress } from '../../../shared/cli/address.js';
import { type Environment, abortOnSignals, openLog } from '../../../shared/cli/command.js';
import { UsageError } from '../../../shared/cli/errors.js';
import type { Log } from '../../../shared/cli/log.js';
import type { CommandLine } from '../../../shared/cli/option-table.js';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { cameraNameFromHost } from '../../../shared/protocol/camera-name.js';
import type { AgentOptions, agentProgram } from '../../options.js';
import { lockState } from '../../service/state-lock.js';
import { StateDirectory, defaultStateDirectory, isEmpty } from '../../service/state.js';
import { KeyStore, KeysMissing } from '../../uplink/keys/key-store.js';
import { SigningKey } from '../../uplink/keys/signing-key.js';
import { PairedMark } from '../../uplink/keys/paired-mark.js';

export interface AgentContext {
  readonly options: AgentOptions;
  /** Program and arguments after `--`. */
  readonly command: readonly string[] | undefined;
  readonly env: Environment;
  readonly camera: string;
  readonly destinations: readonly Destination[];
  readonly state: StateDirectory;
  /** On the state directory, for the life of the process; undefined: this run writes no spool and no state. */
  readonly lock: FileHandle | undefined;
  readonly keys: KeyStore;
  /** Undefined: it cannot be read or made, which is logged; entries are sent without signatures. */
  readonly signing: SigningKey | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Aborts at SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

/** The caller closes the lock. @throws {UsageError} @throws {OperationalError} KEYS, STATE */
export async function openContext(
  { options, command }: CommandLine<typeof agentProgram.table>,
  env: Environment,
): Promise<AgentContext> {
  const name = options.camera ?? cameraNameFromHost(hostname());
  const destinations = checkDestinations(options.host);
  const statePath = options.state ?? defaultStateDirectory(env, name);
  const mark = new PairedMark(statePath, env, { isRequired: options.paired });
  const keys = new KeyStore(statePath, env.CREDENTIALS_DIRECTORY, mark);
  const paired = await pairedName(keys, destinations, { name, statePath });
  const camera = paired ?? name;
  const state = await StateDirectory.open(statePath);
  // A service cannot write the mark; "agent pair" and "agent install" write it.
  if (paired !== undefined && !env.STATE_DIRECTORY) await mark.makeMissing().catch(() => undefined);
  const writesState = options.spool === 'disk' || options.once;
  const lock = writesState ? await lockState(state.path) : undefined;
  if (lock !== undefined) await state.removeParts();
  const signal = abortOnSignals();
  const log = openLog('agent', options.verbose, env, systemClock);
  // Not a usage error: systemd does not restart a service after exit code 2.
  if (options.camera !== undefined && options.camera !== camera) {
    log.warn('--camera ignored: paired under another name', { camera, ignored: options.camera });
  }
  const signing = await openSigningKey(state.path, log);
  return {
    options,
    command,
    env,
    camera,
    destinations,
    state,
    lock,
    keys,
    signing,
    clock: systemClock,
    random: Math.random,
    log,
    signal,
  };
}

/** No frame waits for its signature. */
async function openSigningKey(statePath: string, log: Log): Promise<SigningKey | undefined> {
  try {
    return await SigningKey.open(statePath);
  } catch (error) {
    log.error('frames are sent without signatures', { error });
    return undefined;
  }
}

/**
 * The camera's name from pairing; undefined: the camera is not paired, or its keys are missing.
 * @throws {OperationalError} KEYS: also when the whole state directory of a paired agent is empty: its disk may not
 *   be mounted, and the mount would hide frames that are spooled now
 */
async function pairedName(
  keys: KeyStore,
  destinations: readonly Destination[],
  { name, statePath }: { readonly name: string; readonly statePath: string },
): Promise<string | undefined> {
  try {
    for (const destination of destinations) {
      const [key] = await keys.keysFor(destination, name);
      if (key !== undefined) return key.camera;
    }
  } catch (error) {
    if (!(error instanceof KeysMissing) || (await isEmpty(statePath))) throw error;
  }
  return undefined;
}

/** @throws {UsageError} no destination, or one is given twice */
function checkDestinations(destinations: readonly Destination[]): readonly Destination[] {
  const addresses = destinations.map(({ host, port }) => formatAddress(host.toLowerCase(), port));
  const duplicate = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (duplicate !== undefined) throw new UsageError(`--host ${duplicate} is given twice`);
  if (addresses.length > 0) return destinations;
  throw new UsageError('--host is required', { hint: 'name the receiver with --host HOST' });
}
