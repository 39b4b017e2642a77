/** Parses and formats durations, sizes and shares. Pure. */

/** Why a text is not a valid value; the option reader adds the flag or variable. */
export class InvalidValue extends Error {
  override name = 'InvalidValue';
}

const durationUnitsMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const sizeUnitsBytes: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `500ms`, `1.5s`, `5m`, `2h`, `7d`, `0` to milliseconds. @throws {InvalidValue} */
export function parseDuration(text: string): number {
  return parseWithUnit(text, durationUnitsMs, 'write a duration like 500ms, 10s, 5m, 2h or 7d');
}

/** `16MiB`, `200kB`, `1.5GB`, `0` to bytes. @throws {InvalidValue} */
export function parseSize(text: string): number {
  return parseWithUnit(text, sizeUnitsBytes, 'write a size like 512KiB, 16MiB or 20GB');
}

function parseWithUnit(text: string, units: Record<string, number>, rule: string): number {
  const match = /^(\d{1,16}(?:\.\d{1,6})?)([A-Za-z]*)$/.exec(text.trim());
  const [, amount, unit] = match ?? [];
  if (amount === undefined || unit === undefined) throw new InvalidValue(rule);
  if (unit === '') {
    if (Number(amount) !== 0) throw new InvalidValue(`the unit is missing; ${rule}`);
    return 0;
  }
  // Object.hasOwn, or `constructor` would pass as a unit.
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) throw new InvalidValue(`unknown unit '${unit}'; ${rule}`);
  return Math.round(Number(amount) * factor);
}

/** `0.5%` or `0.005` to a share, 0..1. @throws {InvalidValue} */
export function parseShare(text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,9})?)(%?)$/.exec(text.trim());
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1);
  if (!match || share > 1) throw new InvalidValue('write a share like 0.5% or 0.005, at most 100%');
  return share;
}

/** Formats whole milliseconds so that `parseDuration` returns the same number: `90s`, not `90000ms`. */
export function formatDuration(ms: number): string {
  return formatWithUnit(Math.round(ms), durationUnitsMs);
}

/** Formats bytes in the largest unit that keeps the number whole, so that `parseSize` returns the same number. */
export function formatSize(bytes: number): string {
  return formatWithUnit(bytes, sizeUnitsBytes);
}

function formatWithUnit(amount: number, units: Record<string, number>): string {
  if (amount === 0) return '0';
  const fitting = Object.entries(units).filter(([, factor]) => amount % factor === 0);
  const [unit, factor] = fitting.reduce((best, each) => (each[1] > best[1] ? each : best));
  return `${amount / factor}${unit}`;
}
