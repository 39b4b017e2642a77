/** Checks of access: open or closed, the paired cameras, valid codes, and the owner of the keys. */
import { stat } from 'node:fs/promises';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { privateFindings } from '../../../shared/setup/doctor/private-findings.js';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import type { KeyFolder } from '../../access/keys/key-folder.js';
import { listCameras } from '../../access/keys/pairing-codes.js';
import { hasClosedMark } from '../../store/closed-mark.js';

export interface PairingParts {
  readonly folder: KeyFolder;
  /** Folder of the fleet keys; undefined: none. */
  readonly credentials: string | undefined;
  /** The captures directory; the service runs as its owner. */
  readonly directory: string;
  readonly isRoot: boolean;
  readonly nowMs: number;
  /** The command that pairs a camera. */
  readonly pair: string;
}

export async function pairingFindings(parts: PairingParts): Promise<readonly Finding[]> {
  try {
    const access = await accessFinding(parts);
    const owner = (await stat(parts.directory).catch(() => undefined))?.uid;
    return [access, ...(await privateFindings(parts.folder.path, owner))];
  } catch (error) {
    if (!parts.isRoot) {
      const message = `this user may not read ${parts.folder.path}`;
      return [finding('pairing', 'warning', message, 'sudo receiver doctor')];
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
  const names = [...new Set([...paired, ...fleet].map(({ camera }) => camera))].sort(naturalOrder);
  const withCode = all.filter(({ codeExpiresAtMs }) => codeExpiresAtMs !== undefined);
  const codes = withCode.map(({ camera }) => `; a code is valid for ${camera}`).join('');
  if (folder.isClosed() || fleet.length > 0) {
    if (names.length > 0) {
      const message = `only paired cameras are accepted: ${names.join(' ')}`;
      return finding('pairing', 'ok', `${message}${codes}`);
    }
    const message = `only paired cameras are accepted, and none is paired${codes}`;
    return finding('pairing', 'warning', message, pair);
  }
  if (await hasClosedMark(directory).catch(() => false)) {
    const message = `a camera was paired, and ${folder.path} has no keys: the receiver does not start`;
    return finding(
      'pairing',
      'fault',
      message,
      'put the keys back, or name their folder with --keys DIR',
    );
  }
  const message = `no camera is paired: any peer on this machine and its private networks is accepted${codes}`;
  return finding('pairing', 'warning', message, pair);
}
