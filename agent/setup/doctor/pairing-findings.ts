/** Whether this camera is paired with a receiver, and whether its keys are the service's and nobody else's. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Destination, formatAddress } from '../../../shared/cli/address.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { privateFindings } from '../../../shared/setup/doctor/private-findings.js';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import type { CameraKey } from '../../../shared/keys/identity.js';
import type { KeyStore } from '../../uplink/keys/key-store.js';

export interface PairingFound {
  readonly findings: readonly Finding[];
  /** To try with the receiver, best first; undefined: they cannot be read. */
  readonly keys: readonly CameraKey[] | undefined;
}

/** @param camera its name as long as it is not paired */
export async function pairingFindings(
  store: KeyStore,
  destination: Destination,
  camera: string,
): Promise<PairingFound> {
  const shown = formatAddress(destination.host, destination.port);
  let keys;
  try {
    keys = await store.keysFor(destination, camera);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    if (systemCode(error.cause) === 'EACCES') {
      const says = 'this user may not know whether it is paired';
      return {
        keys: undefined,
        findings: [finding('pairing', 'warning', says, 'sudo agent doctor')],
      };
    }
    return { keys: undefined, findings: [finding('pairing', 'fault', error.message, error.hint)] };
  }
  const [first] = keys;
  if (first !== undefined) {
    const says = `paired with ${shown} as ${first.camera}`;
    return { keys, findings: [finding('pairing', 'ok', says)] };
  }
  const says = `not paired with ${shown}: pictures travel there in the clear`;
  const todo =
    'on that machine: sudo receiver pair NAME; then type here, with sudo, what it prints';
  return { keys, findings: [finding('pairing', 'warning', says, todo)] };
}

/** @param state the agent's state folder: whose it is, the agent runs as */
export async function keyFileFindings(state: string): Promise<readonly Finding[]> {
  try {
    return await privateFindings(join(state, 'keys'), (await stat(state)).uid);
  } catch {
    return []; // not there, or not ours to see: that is told of the state folder
  }
}
