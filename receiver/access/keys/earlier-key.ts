/**
 * The public keys of signatures that a camera no longer has, as after a new SD card: what it signed then is proven by
 * them alone. Each is a file of the keys folder, `<camera>.earlier-<8 digits>.pem`, that is never removed.
 */
import { createHash } from 'node:crypto';
import type { PrivateFolder } from '../../../shared/files/private-file.js';

/**
 * To be called before the camera's file is replaced or removed.
 * @param before the public key in it, PEM; undefined: it has none
 * @param after that of the file which replaces it
 * @throws a system error
 */
export async function keepEarlierKey(
  folder: PrivateFolder,
  camera: string,
  before: string | undefined,
  after: string | undefined,
): Promise<void> {
  if (before === undefined || before === after) return;
  const digits = createHash('sha256').update(before).digest('hex').slice(0, 8);
  await folder.write(`${camera}.earlier-${digits}.pem`, before);
}
