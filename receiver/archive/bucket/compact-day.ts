/**
 * Compacts the record of a day in a bucket: one object stands for the many that it has, and a summary for the lines of
 * entries that are gone. The steps, and what a crash after each one leaves:
 *
 *   1. the new object, if its key is free   the whole: readers skip the objects that it names
 *   2. those objects are removed            some are left, which readers skip; the next compaction removes them
 *
 * A receiver may add an object meanwhile: it is not named, and stays.
 *
 * By the objects of gaps, reports and late frames receivers find out whether one was there before. What they know of a
 * compacted record is at most ten minutes old, so these objects stay for an hour, and go with a later compaction.
 */
import { OperationalError } from '../../../shared/cli/errors.js';
import { mapAtOnce } from '../../store/at-once.js';
import {
  type DayPieces,
  headerAfter,
  isEntryKey,
  keyOfBase,
  readAtOnce,
  readPieces,
} from '../../store/s3/bucket-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { noteLine } from '../../store/store-note.js';
import type { Compaction } from '../compact-record.js';
import { readRecordLine } from '../record-entry.js';
import { RemovedEntries } from '../removed-entries.js';

/** Longer than `baseMaxAgeMs`, and than clocks may differ. */
const entriesStayMs = 3_600_000;
/** Compactions of other processes at the same moment. */
const maxAttempts = 5;

export interface CompactionWish extends Compaction {
  /** Also when no line is taken out, if so many objects become one. */
  readonly joinsFrom?: number;
}

/**
 * @returns the number of entries whose lines were taken out
 * @throws {OperationalError} STORE: objects may be left that readers skip
 */
export async function compactDay(
  client: S3Client,
  day: string,
  wish: CompactionWish,
): Promise<number> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const pieces = await readPieces(client, day);
    const { base, keys, leftover } = pieces;
    const isOld = base.atMs + entriesStayMs < wish.atMs;
    const old = leftover.filter((key) => isOld || !isEntryKey(key));
    const { removed, rest } = takeOut(pieces, wish);
    const isJoined = keys.length >= (wish.joinsFrom ?? Infinity);
    if (removed.count === 0 && !isJoined) {
      await removeAll(client, old);
      return 0;
    }
    const notes = removed.notes(wish).map(noteLine).join('');
    const text = headerAfter(pieces, wish.atMs) + notes + rest.map((line) => `${line}\n`).join('');
    if (!(await writeBase(client, day, base.number + 1, Buffer.from(text, 'latin1')))) {
      continue;
    }
    const before = base.number === 0 ? [] : [keyOfBase(day, base.number)];
    await removeAll(client, [...before, ...keys.filter((key) => !isEntryKey(key)), ...old]);
    return removed.count;
  }
  throw new OperationalError('STORE', `another process compacts ${client.place(day)}`, {
    hint: 'run it again when that has ended',
  });
}

function takeOut({ lines }: DayPieces, { why, isGone }: Compaction) {
  const removed = new RemovedEntries(why);
  const rest = lines.filter((text) => {
    const line = readRecordLine(text);
    return line === undefined || !removed.take(line, isGone);
  });
  return { removed, rest };
}

/** @returns false: another process has written it */
async function writeBase(
  client: S3Client,
  day: string,
  number: number,
  bytes: Buffer,
): Promise<boolean> {
  const key = keyOfBase(day, number);
  if (await client.putNew(key, bytes)) return true;
  // An earlier attempt of this request may have written it.
  return (await client.get(key))?.equals(bytes) ?? false;
}

async function removeAll(client: S3Client, keys: readonly string[]): Promise<void> {
  await mapAtOnce(keys, readAtOnce, (key) => client.remove(key));
}
