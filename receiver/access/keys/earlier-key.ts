/**
 * The public keys of signatures that a camera no longer has, as after a new SD card: what it signed then is proven by
 * them alone. Each is a file of the keys folder, `<camera>.earlier-<8 digits>.pem`, that is never removed.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from '../../../shared/cli/errors.js';
import { isAbsent } from '../../../shared/files/if-exists.js';
import { type PrivateFolder, asOwnFile } from '../../../shared/files/private-file.js';
import { isCameraName } from '../../../shared/protocol/camera-name.js';

export interface EarlierKey {
  readonly camera: string;
  /** Of its file: `frontdoor.earlier-3f9a01c2.pem` */
  readonly name: string;
  readonly pem: string;
}

/** @returns the camera of a file with an earlier key; undefined: the name is not that of one */
export function cameraOfEarlierKey(name: string): string | undefined {
  const camera = /^(.+)\.earlier-[0-9a-f]{8}\.pem$/.exec(name)?.[1];
  return camera !== undefined && isCameraName(camera) ? camera : undefined;
}

/** Of a keys folder, sorted by name. @throws {OperationalError} KEYS: one cannot be read */
export function readEarlierKeys(folder: string): EarlierKey[] {
  let path = folder;
  try {
    return readdirSync(folder)
      .sort()
      .flatMap((name) => {
        const camera = cameraOfEarlierKey(name);
        path = join(folder, name);
        return camera === undefined ? [] : [{ camera, name, pem: readOwnText(path) }];
      });
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw new OperationalError('KEYS', `cannot read ${path}`, {
      cause,
      hint: "let the receiver's user read it; links are not followed there",
    });
  }
}

/** @throws a system error: ELOOP when it is a link; Error: it is not a regular file */
function readOwnText(path: string): string {
  const fd = openSync(path, asOwnFile);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('not a regular file');
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

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
