/** Value types of `receiver report`. Pure. */
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { cameraPattern } from './frame-entry.js';

/** A camera's folder, also that of a raw sender. */
export const folderName: ValueType<string> = {
  metavar: 'NAME',
  noneIsValue: true,
  parse(text) {
    if (!cameraPattern.test(text)) throw new InvalidValue('must be the name of a camera');
    return text;
  },
};

/** Midnight of a day, as if its zone were UTC. */
export const day: ValueType<number> = {
  metavar: 'DAY',
  parse(text) {
    const ms = parseLocal(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : '');
    if (ms === undefined) throw new InvalidValue('must be a day: 2026-11-22');
    return ms;
  },
};

/** A local time, as if its zone were UTC. */
export const localTime: ValueType<number> = {
  metavar: 'TIME',
  parse(text) {
    const ms = parseLocal(text);
    if (ms === undefined) throw new InvalidValue('must be a local time: 2026-11-22T08:30');
    return ms;
  },
};

/** @returns undefined: it is not a time, or no calendar has it */
function parseLocal(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/.test(text)) return undefined;
  const ms = Date.parse(`${text}Z`);
  // Date.parse takes 31 February as a day of March.
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text) ? undefined : ms;
}
