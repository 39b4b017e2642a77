/** The key operations of the receiver's commands: issue a code, list the cameras, remove a camera's key. */
import { UsageError } from '../../../shared/cli/errors.js';
import { makePairingCode, pairingCode } from '../../../shared/keys/pairing-code.js';
import { removeCode } from './code-expiry.js';
import type { Seen } from './camera-file.js';
import type { KeyFolder } from './key-folder.js';

/** Lifetime of a pairing code: long enough to walk to the camera. */
export const codeLifeMs = 15 * 60_000;

export interface PairedCamera {
  readonly camera: string;
  /** When the key in use was agreed on; undefined: a code was issued and not used yet. */
  readonly pairedAtMs: number | undefined;
  /** When its pairing code expires; undefined: there is none. */
  readonly codeExpiresAtMs: number | undefined;
  readonly seen: Seen | undefined;
  /** PEM of the pinned key of its signatures; undefined: it does not sign, or was not connected since it can. */
  readonly publicKey: string | undefined;
}

/**
 * Issues a code for a camera; it replaces an earlier code. The camera's key stays valid.
 * @param isRotation true: the camera has a key, which is to be replaced
 * @throws {UsageError} the camera has a key and `isRotation` is false, or has none and it is true
 * @throws {OperationalError} KEYS
 */
export async function issueCode(
  folder: KeyFolder,
  camera: string,
  isRotation: boolean,
  nowMs: number,
): Promise<string> {
  await removeExpired(folder, nowMs);
  const code = makePairingCode();
  const { id, key } = pairingCode.parse(code);
  await folder.update(camera, ({ paired, signer }) => {
    if (paired !== undefined && !isRotation) {
      throw new UsageError(`${camera} is paired already`, {
        hint: `receiver pair --rotate ${camera} changes its key; receiver unpair ${camera} revokes it`,
      });
    }
    if (paired === undefined && isRotation) {
      throw new UsageError(`${camera} is not paired: there is no key to change`, {
        hint: `receiver pair ${camera}`,
      });
    }
    const issued = { id, key: key.toString('hex'), expiresAtMs: nowMs + codeLifeMs };
    return { paired, signer, code: issued };
  });
  return code;
}

/** Removes expired codes, so that a clock that is set back does not make them valid. @throws {OperationalError} KEYS */
export async function removeExpired(folder: KeyFolder, nowMs: number): Promise<void> {
  for (const { camera, file } of folder.cameras()) {
    if (file.code === undefined || file.code.expiresAtMs > nowMs) continue;
    await removeCode(folder, camera, file.code.id);
  }
}

/** @throws {OperationalError} KEYS */
export async function listCameras(folder: KeyFolder, nowMs: number): Promise<PairedCamera[]> {
  return await Promise.all(
    folder.cameras().map(async ({ camera, file: { paired, code, signer } }) => ({
      camera,
      pairedAtMs: paired?.pairedAtMs,
      codeExpiresAtMs: code && code.expiresAtMs > nowMs ? code.expiresAtMs : undefined,
      seen: await folder.seen(camera),
      publicKey: signer?.publicKey,
    })),
  );
}

/**
 * Removes a camera's key and code. When it resolves, the removal is on the disk.
 * @throws {UsageError} the camera has neither @throws {OperationalError} KEYS
 */
export async function removeCamera(folder: KeyFolder, camera: string): Promise<void> {
  if (folder.read(camera) === undefined) {
    const names = folder.cameras().map(({ camera: name }) => name);
    throw new UsageError(`${camera} is not paired: no key in ${folder.path}`, {
      hint: names.length > 0 ? `paired cameras: ${names.join(' ')}` : 'no camera is paired',
    });
  }
  await folder.update(camera, () => undefined);
}
