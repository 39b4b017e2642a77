/**
 * Makes few objects of days that are over: their many objects of lines become one, and the empty objects of a day that has
 * no frame left go, a day after a summary stands for its frames: what a receiver knows of a record is ten minutes old.
 * Each day is looked at once by a process, and again when its record has changed.
 */
import { isFrameName } from '../../../shared/protocol/frame-path.js';
import { mapAtOnce } from '../../store/at-once.js';
import { isErased } from '../../store/erasures.js';
import { erasuresOf } from '../../store/s3/bucket-erasures.js';
import { hintOfChange } from '../../store/s3/bucket-hints.js';
import { newestBase, readAtOnce, readBase, recordPieces } from '../../store/s3/bucket-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import type { SweptDay } from '../retention/swept-store.js';
import { compactDay } from './compact-day.js';

/** A younger day may still get entries. */
const minAgeMs = 2 * 86_400_000;
const emptyStayMs = 86_400_000;

export class DayTidying {
  readonly #client: S3Client;
  /** Days with one object of lines, and no empty ones that may go: the size of their records then. */
  readonly #done = new Map<string, number>();

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** @param check throws when another process deletes @throws {OperationalError} STORE */
  async run(days: readonly SweptDay[], nowMs: number, check: () => Promise<void>): Promise<void> {
    for (const day of days) {
      if (day.localMs + minAgeMs > nowMs || this.#done.get(day.path) === day.recordBytes) continue;
      await check();
      const isJoined = await this.#join(day, nowMs);
      const isEmpty = day.entries > 0 || (await this.#removeEmpty(day.path, nowMs));
      if (isJoined && isEmpty) this.#done.set(day.path, day.recordBytes);
    }
  }

  /** @returns whether nothing is left to join */
  async #join({ path, camera }: SweptDay, nowMs: number): Promise<boolean> {
    const client = this.#client;
    if ((await recordPieces(client, path)).length < 2) return true;
    const erasures = await erasuresOf(client, camera);
    const there = new Set<string>();
    if (erasures.length > 0) for (const name of await this.#framesIn(path)) there.add(name);
    const count = await compactDay(client, path, {
      ...{ camera, atMs: Math.round(nowMs), why: 'erased', joinsFrom: 1 },
      // A receiver stored it in the moment of the erasure, and removed it.
      isGone: (entry) =>
        entry.kind === 'frame' && isErased(erasures, entry) && !there.has(entry.name),
    });
    if (count > 0) await hintOfChange(client, path, nowMs);
    return (await recordPieces(client, path)).length < 2;
  }

  /** @returns whether no empty object is left */
  async #removeEmpty(path: string, nowMs: number): Promise<boolean> {
    const client = this.#client;
    const base = await readBase(client, path, await newestBase(client, path));
    if (base === undefined || base.number === 0 || base.atMs + emptyStayMs > nowMs) return false;
    const empty: string[] = [];
    for await (const { key, byteCount } of client.list(`${path}/`)) {
      if (byteCount === 0 && isFrameName(key.slice(path.length + 1))) empty.push(key);
    }
    await mapAtOnce(empty, readAtOnce, (key) => client.remove(key));
    return true;
  }

  async #framesIn(path: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { key, byteCount } of this.#client.list(`${path}/`)) {
      if (byteCount > 0) names.push(key.slice(path.length + 1));
    }
    return names;
  }
}
