/** What a person does with keys at the receiver: makes a code, looks at the cameras, takes a camera's key back. */
import { UsageError } from '../../../shared/cli/errors.js';
import { makePairingCode, pairingCode } from '../../../shared/keys/pairing-code.js';
import { removeCode } from './code-expiry.js';
import type { KeyFolder, Seen } from './key-folder.js';

/** Long enough to walk to the camera. */
export const codeLifeMs = 15 * 60_000;

export interface PairedCamera {
  readonly camera: string;
  /** When the key in use was agreed on; undefined: a code was made, and nobody has come with it. */
  readonly pairedAtMs: number | undefined;
  /** Until when its pairing code is good; undefined: there is none. */
  readonly codeExpiresAtMs: number | undefined;
  readonly seen: Seen | undefined;
}

/**
 * Makes a code for a camera, in place of one that it has. The key that it has stays good.
 * @param isRotation true: it has a key, which is to be changed
 * @throws {UsageError} it has a key and `isRotation` is false, or the other way round
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
  await folder.update(camera, ({ paired }) => {
    if (paired !== undefined && !isRotation) {
      throw new UsageError(`${camera} is paired already`, {
        hint: `receiver pair --rotate ${camera} changes its key; receiver unpair ${camera} shuts it out`,
      });
    }
    if (paired === undefined && isRotation) {
      throw new UsageError(`${camera} is not paired: there is no key to change`, {
        hint: `receiver pair ${camera}`,
      });
    }
    const made = { id, key: key.toString('hex'), expiresAtMs: nowMs + codeLifeMs };
    return { ...(paired && { paired }), code: made };
  });
  return code;
}

/** Removes codes that have expired, so that a clock that is set back does not revive them. @throws {OperationalError} KEYS */
export async function removeExpired(folder: KeyFolder, nowMs: number): Promise<void> {
  for (const { camera, file } of folder.cameras()) {
    if (file.code === undefined || file.code.expiresAtMs > nowMs) continue;
    await removeCode(folder, camera, file.code.id);
  }
}

/** @throws {OperationalError} KEYS */
export async function listCameras(folder: KeyFolder, nowMs: number): Promise<PairedCamera[]> {
  return await Promise.all(
    folder.cameras().map(async ({ camera, file: { paired, code } }) => ({
      camera,
      pairedAtMs: paired?.pairedAtMs,
      codeExpiresAtMs: code && code.expiresAtMs > nowMs ? code.expiresAtMs : undefined,
      seen: await folder.seen(camera),
    })),
  );
}

/**
 * Takes back a camera's key and code. When it resolves, that is on the disk.
 * @throws {UsageError} it has none @throws {OperationalError} KEYS
 */
export async function removeCamera(folder: KeyFolder, camera: string): Promise<void> {
  if (folder.read(camera) === undefined) {
    const names = folder.cameras().map((each) => each.camera);
    throw new UsageError(`${camera} is not paired, according to ${folder.path}`, {
      hint: names.length > 0 ? `the cameras are ${names.join(' ')}` : 'no camera is',
    });
  }
  await folder.update(camera, () => undefined);
}
