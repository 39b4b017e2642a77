/** Keys that an administrator makes for many cameras, as receivers and cameras have them. */
import { randomBytes } from 'node:crypto';
import { type CameraKey, formatIdentity } from '../../shared/keys/identity.js';

/** Of `camera-1`, `camera-2` and so on. */
export const makeCameraKeys = (count: number): CameraKey[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ camera: `camera-${at + 1}`, id: 'k1', key: randomBytes(32) },
  }));

/** The credential `picchanged-keys` of a receiver. */
export const fleetKeyLines = (keys: readonly CameraKey[]): string =>
  keys
    .map(({ camera, id, key }) => {
      return `${formatIdentity({ name: camera, keyId: id })} ${key.toString('hex')}\n`;
    })
    .join('');
