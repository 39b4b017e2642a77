/**
 * The file `.picchanged-totals.json` at the root of the captures directory: what each day's folder uses, and up to
 * which position of its record that is counted. It is derived from the records: a missing one, and one that is damaged,
 * of another version or of another store, is made anew.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import type { Folder } from '../../store/folder.js';
import { giveToOwner } from '../../store/give-to-owner.js';
import type { DayTotal } from './day-total.js';

export const totalsName = '.picchanged-totals.json';
const version = 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** JSON has no Infinity. */
const time = v.nullable(v.pipe(v.number(), v.safeInteger()));
const dayRow = v.strictTuple([
  ...[count, count, count, count, count, count, count],
  ...[time, time, count, v.boolean(), v.nullable(count), v.array(v.string())],
] as const);
const dayPath = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}\/(?:unclocked|(?:unclocked\/)?\d{4}_\d\d_\d\d)$/),
);
const totalsFile = v.object({
  version: v.literal(version),
  store: v.string(),
  /** CRC-32: a changed digit would be believed, and an event that is kept be none. */
  check: v.number(),
  days: v.record(dayPath, dayRow),
});

const checkOf = (store: string, days: object): number => crc32(JSON.stringify([store, days]));

/** @returns an empty map when there is none that can be used */
export async function readTotals(root: Folder, storeId: string): Promise<Map<string, DayTotal>> {
  try {
    const file = await root.openFile(totalsName, constants.O_RDONLY);
    try {
      const read = v.safeParse(totalsFile, JSON.parse(await file.readFile('utf8')));
      if (!read.success || read.output.store !== storeId) return new Map();
      if (read.output.check !== checkOf(storeId, read.output.days)) return new Map();
      return new Map(Object.entries(read.output.days).map(([path, row]) => [path, totalOf(row)]));
    } finally {
      await file.close();
    }
  } catch (error) {
    const isUnusable = error instanceof SyntaxError || error instanceof OperationalError;
    if (isUnusable || systemCode(error) !== undefined) return new Map();
    throw error;
  }
}

/** Replaces the file. @throws a system error */
export async function writeTotals(
  root: Folder,
  storeId: string,
  days: ReadonlyMap<string, DayTotal>,
): Promise<void> {
  const rows = [...days].map(([path, total]) => [path, rowOf(total)]);
  const byPath = Object.fromEntries(rows) as object;
  const content = { version, store: storeId, check: checkOf(storeId, byPath), days: byPath };
  const part = `${totalsName}.${randomUUID()}.part`;
  try {
    await root.writeNew(part, Buffer.from(`${JSON.stringify(content)}\n`));
    const file = await root.openFile(part, constants.O_RDONLY);
    await giveToOwner(file, root).finally(() => file.close());
    root.rename(part, root, totalsName);
  } catch (error) {
    root.removeIfThere(part);
    throw error;
  }
}

const timeOf = (ms: number | null, missing: number): number => ms ?? missing;
const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

function totalOf(row: v.InferOutput<typeof dayRow>): DayTotal {
  const [inode, endByte, recordBytes, frames, byteCount, diskBytes, otherBytes, ...rest] = row;
  const [earliest, latest, entries, hasDeleted, done, keptEvents] = rest;
  return {
    ...{ inode, endByte, recordBytes, frames, byteCount, diskBytes, otherBytes, keptEvents },
    earliestMs: timeOf(earliest, Infinity),
    latestMs: timeOf(latest, -Infinity),
    ...{ entries, hasDeleted, doneByte: done ?? undefined },
  };
}

function rowOf(total: DayTotal): v.InferOutput<typeof dayRow> {
  const { inode, endByte, recordBytes, frames, byteCount, diskBytes, otherBytes } = total;
  const counts = [inode, endByte, recordBytes, frames, byteCount, diskBytes, otherBytes] as const;
  const times = [finite(total.earliestMs), finite(total.latestMs)] as const;
  const { entries, hasDeleted, doneByte = null, keptEvents } = total;
  return [...counts, ...times, entries, hasDeleted, doneByte, [...keptEvents]];
}
