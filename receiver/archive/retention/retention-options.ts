/** Value types of the options of retention. Pure. */
import type { ValueType } from '../../../shared/cli/option-table.js';
import { InvalidValue, parseShare, parseSize } from '../../../shared/cli/units.js';
import { duration, size } from '../../../shared/cli/value-types.js';
import { cameraPattern } from '../frame-entry.js';
import type { CameraLimit, FreeSpace } from './limits.js';

const maxAgeRange = { minMs: 60_000, maxMs: 100 * 365 * 86_400_000 };

function ofCamera(kind: ValueType<number>): ValueType<CameraLimit> {
  return {
    metavar: `[CAMERA=]${kind.metavar}`,
    parse(text) {
      const at = text.indexOf('=');
      const camera = at < 0 ? undefined : text.slice(0, at);
      if (camera !== undefined && !cameraPattern.test(camera)) {
        throw new InvalidValue(`'${camera}' is not the name of a camera`);
      }
      return { camera, amount: kind.parse(text.slice(at + 1)) };
    },
  };
}

/** `30d`, `frontdoor=7d` */
export const cameraAge = ofCamera(duration(maxAgeRange));

/** `500GiB`, `frontdoor=20GiB` */
export const cameraSize = ofCamera(size({ minBytes: 2 ** 20 }));

/** `5GiB`, `10%` */
export const freeSpace: ValueType<FreeSpace> = {
  metavar: 'SIZE|PERCENT',
  parse(text) {
    if (!text.endsWith('%')) return { bytes: parseSize(text) };
    const share = parseShare(text);
    if (share > 0.9) throw new InvalidValue('must be at most 90%');
    return { share };
  },
};
