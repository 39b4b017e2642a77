/**
 * The public keys of signatures that a camera no longer has, as after a new SD card: what it signed then is proven by
 * them alone. Each is a file of the keys folder, `<camera>.earlier-<8 digits>.pem`, that is never removed.
 */
import { createHash } from 'node:crypto';
import type { PrivateFolder } from '../../../shared/files/private-file.js';
import type { CameraFile } from './key-folder.js';

/** To be called before the camera's file is replaced or removed. @throws a system error */
export async function keepEarlierKey(
  folder: PrivateFolder,
  camera: string,
  before: CameraFile,
  after: CameraFile | undefined,
): Promise<void> {
  const publicKey = before.signer?.publicKey;
  if (publicKey === undefined || publicKey === after?.signer?.publicKey) return;
  const digits = createHash('sha256').update(publicKey).digest('hex').slice(0, 8);
  await folder.write(`${camera}.earlier-${digits}.pem`, publicKey);
}
