/** Checks whether this camera is paired with a receiver, and whether only the service can read its keys. */
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
  /** Keys to try with the receiver, in this order; undefined: they cannot be read. */
  readonly keys: readonly CameraKey[] | undefined;
}

/** @param camera name of the camera while it is not paired @param isUser the agent is a service of this user */
export async function pairingFindings(
  store: KeyStore,
  destination: Destination,
  camera: string,
  isUser: boolean,
): Promise<PairingFound> {
  const address = formatAddress(destination.host, destination.port);
  let keys;
  try {
    keys = await store.keysFor(destination, camera);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    if (systemCode(error.cause) === 'EACCES') {
      const message = 'this user cannot read the keys';
      return {
        keys: undefined,
        findings: [finding('pairing', 'warning', message, 'sudo agent doctor')],
      };
    }
    return { keys: undefined, findings: [finding('pairing', 'fault', error.message, error.hint)] };
  }
  const [first] = keys;
  if (first !== undefined) {
    const message = `paired with ${address} as ${first.camera}`;
    return { keys, findings: [finding('pairing', 'ok', message)] };
  }
  const message = `not paired with ${address}: frames are sent unencrypted`;
  // With sudo the key would be root's.
  const how = isUser ? 'without sudo' : 'with sudo';
  const fix = `on the receiver's machine: sudo receiver pair NAME; then run the printed line here ${how}`;
  return { keys, findings: [finding('pairing', 'warning', message, fix)] };
}

/** @param state the agent's state directory; its owner is the user that the agent runs as */
export async function keyFileFindings(state: string): Promise<readonly Finding[]> {
  try {
    return await privateFindings(join(state, 'keys'), (await stat(state)).uid);
  } catch {
    return []; // missing or not accessible: the finding of the state directory reports it
  }
}
