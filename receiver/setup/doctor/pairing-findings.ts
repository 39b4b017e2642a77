/** Who is heard: open or closed, which cameras are paired, codes that wait, and whose the keys are. */
import { stat } from 'node:fs/promises';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { privateFindings } from '../../../shared/setup/doctor/private-findings.js';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import type { KeyFolder } from '../../access/keys/key-folder.js';
import { listCameras } from '../../access/keys/pairing-codes.js';
import { hasClosedMark } from '../../store/closed-mark.js';

export interface PairingParts {
  readonly folder: KeyFolder;
  /** Where fleet keys are; undefined: nowhere. */
  readonly credentials: string | undefined;
  /** The captures directory: whose it is, the service runs as. */
  readonly directory: string;
  readonly isRoot: boolean;
  readonly nowMs: number;
  /** What to type to pair. */
  readonly pair: string;
}

export async function pairingFindings(parts: PairingParts): Promise<readonly Finding[]> {
  try {
    const access = await accessFinding(parts);
    const owner = (await stat(parts.directory).catch(() => undefined))?.uid;
    return [access, ...(await privateFindings(parts.folder.path, owner))];
  } catch (error) {
    if (!parts.isRoot) {
      const says = `this user may not look into ${parts.folder.path}`;
      return [finding('pairing', 'warning', says, 'sudo receiver doctor')];
    }
    const hint = error instanceof OperationalError ? error.hint : undefined;
    return [finding('pairing', 'fault', describeError(error), hint)];
  }
}

async function accessFinding(parts: PairingParts): Promise<Finding> {
  const { folder, credentials, directory, nowMs, pair } = parts;
  const fleet = await readFleetKeys(credentials);
  const all = await listCameras(folder, nowMs);
  const paired = all.filter(({ pairedAtMs }) => pairedAtMs !== undefined);
  const names = [...new Set([...paired, ...fleet].map(({ camera }) => camera))].sort();
  const waiting = all.filter(({ codeExpiresAtMs }) => codeExpiresAtMs !== undefined);
  const codes = waiting.map(({ camera }) => `; a code waits for ${camera}`).join('');
  if (folder.isClosed() || fleet.length > 0) {
    if (names.length > 0) {
      const says = `only paired cameras are accepted: ${names.join(' ')}`;
      return finding('pairing', 'ok', `${says}${codes}`);
    }
    const says = `only paired cameras are accepted, and none is paired${codes}`;
    return finding('pairing', 'warning', says, pair);
  }
  if (await hasClosedMark(directory).catch(() => false)) {
    const says = `a camera was paired here, and there are no keys in ${folder.path}: no receiver starts`;
    return finding(
      'pairing',
      'fault',
      says,
      'put the keys back, or say with --keys where they are',
    );
  }
  const says = `no camera is paired: anyone on this machine and its private networks is accepted${codes}`;
  return finding('pairing', 'warning', says, pair);
}
