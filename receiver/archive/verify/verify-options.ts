/** Value types of `receiver verify` and `receiver export`. Pure. */
import type { ValueType } from '../../../shared/cli/option-table.js';
import { InvalidValue, parseDuration } from '../../../shared/cli/units.js';
import { cameraPattern } from '../frame-entry.js';
import { day, localTime } from '../report-options.js';

/** A time before now, or a local time, as if its zone were UTC. */
export type Since = { readonly agoMs: number } | { readonly localMs: number };

/** `7d`, `2026-11-22`, `2026-11-22T08:30` */
export const since: ValueType<Since> = {
  metavar: 'MOMENT|DURATION',
  parse(text) {
    if (/^\d{4}-/.test(text)) return { localMs: moment.parse(text) };
    return { agoMs: parseDuration(text) };
  },
};

/** A day or a local time, as if its zone were UTC. */
export const moment: ValueType<number> = {
  metavar: 'MOMENT',
  parse: (text) => (text.includes('T') ? localTime : day).parse(text),
};

export interface KeyFile {
  readonly camera: string;
  readonly file: string;
}

/** `yard=yard.pem` */
export const keyFile: ValueType<KeyFile> = {
  metavar: 'CAMERA=FILE',
  parse(text) {
    const at = text.indexOf('=');
    const [camera, file] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
    if (!cameraPattern.test(camera) || file === '') {
      throw new InvalidValue(
        'write the name of the camera and the file of its public key: yard=yard.pem',
      );
    }
    return { camera, file };
  },
};
