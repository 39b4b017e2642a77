/**
 * Hints for what follows the records of a bucket: `.changed/…`, an object with a line for each change: `DAY PIECE` names
 * a new object of a day's record, so that nothing is listed to find it; `DAY` says that objects were also removed. A
 * receiver writes at most one hint a second, for all that it has added; commands and sweeps one for each day. No
 * acknowledgement waits for one, and nothing rests on them: what a lost hint named is found by the next list of all
 * newest days.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import type { S3Client } from './s3-client.js';

const folder = '.changed';
const everyMs = 1000;
/** What follows looks each second. */
const keptMs = 60_000;
/** Hints of a process that has ended are removed by what follows, or by the next one that changes a record. */
const abandonedMs = 10 * 60_000;
const closingMs = 1000;
const changeLine =
  /^([a-z0-9][a-z0-9-]{0,62}\/(?:unclocked|(?:unclocked\/)?\d{4}_\d\d_\d\d))(?: ([le]-[\w-]{1,100}))?$/;

/** By day, the names of new objects of its record; undefined: a list finds what has changed. */
export type DayChanges = Map<string, Set<string> | undefined>;

/** @param piece undefined: a list finds it */
export function addChange(changes: DayChanges, day: string, piece: string | undefined): void {
  const known = changes.get(day);
  if (piece === undefined || (known === undefined && changes.has(day))) changes.set(day, undefined);
  else changes.set(day, (known ?? new Set()).add(piece));
}

export class BucketHints {
  readonly #client: S3Client;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  #changes: DayChanges = new Map();
  #written: { readonly key: string; readonly atMs: number }[] = [];
  #running: Promise<void> | undefined;

  constructor(client: S3Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** An object of the day's record is in the bucket. @param piece its name */
  note(day: string, piece: string): void {
    addChange(this.#changes, day, piece);
    if (!this.#end.signal.aborted) this.#running ??= this.#run();
  }

  /** Writes what waits, unless that takes long. Never rejects. */
  async close(): Promise<void> {
    this.#end.abort();
    const giveUp = new AbortController();
    const writing = Promise.resolve(this.#running).then(() => this.#write());
    await Promise.race([writing, this.#clock.sleep(closingMs, giveUp.signal)]);
    giveUp.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted && (this.#changes.size > 0 || this.#written.length > 0)) {
      await this.#write();
      await this.#removeOld();
      await this.#clock.sleep(everyMs, signal);
    }
    this.#running = undefined;
  }

  /** What a hint that cannot be written had to say is in the next one. */
  async #write(): Promise<void> {
    if (this.#changes.size === 0) return;
    const changes = this.#changes;
    this.#changes = new Map();
    try {
      const key = await putHint(this.#client, linesOf(changes), this.#clock.nowMs());
      this.#written.push({ key, atMs: this.#clock.monotonicMs() });
    } catch {
      for (const [day, pieces] of changes) {
        for (const piece of pieces ?? [undefined]) addChange(this.#changes, day, piece);
      }
    }
  }

  async #removeOld(): Promise<void> {
    const [oldest] = this.#written;
    if (oldest === undefined || this.#clock.monotonicMs() - oldest.atMs < keptMs) return;
    this.#written.shift();
    await this.#client.remove(oldest.key).catch(() => undefined);
  }
}

/** A day of very many new objects is listed: while the bucket is away none is forgotten, and no hint is long. */
const maxNamed = 1000;

function linesOf(changes: DayChanges): string[] {
  return [...changes].flatMap(([day, pieces]) =>
    pieces === undefined || pieces.size > maxNamed
      ? [day]
      : [...pieces].map((piece) => `${day} ${piece}`),
  );
}

/** @param lines days, or days with objects @returns its key @throws {OperationalError} STORE */
export async function putHint(
  client: S3Client,
  lines: readonly string[],
  nowMs: number,
): Promise<string> {
  const key = `${folder}/${String(nowMs).padStart(15, '0')}-${randomBytes(4).toString('hex')}`;
  await client.put(key, Buffer.from(lines.join('\n')));
  return key;
}

/**
 * Tells what follows that a command or a sweep has changed the record of a day, and removes hints of earlier ones, which
 * have ended since. Never rejects: a hint may be lost.
 */
export async function hintOfChange(client: S3Client, day: string, nowMs: number): Promise<void> {
  try {
    await putHint(client, [day], nowMs);
    const ages: HintAge[] = [];
    for await (const { key, modifiedAtMs } of client.list(`${folder}/`)) {
      ages.push([key, modifiedAtMs]);
    }
    for (const key of abandonedOf(ages)) await client.remove(key);
  } catch {
    // The next list of all newest days finds the day.
  }
}

type HintAge = readonly [key: string, modifiedAtMs: number];

/** By the clock of the store. */
function abandonedOf(ages: readonly HintAge[]): string[] {
  const newestMs = ages.reduce((max, [, atMs]) => Math.max(max, atMs), -Infinity);
  return ages.filter(([, atMs]) => newestMs - atMs > abandonedMs).map(([key]) => key);
}

/** Reads hints as they appear. */
export class HintReader {
  readonly #client: S3Client;
  #known = new Set<string>();
  #mayRemove = true;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** @returns what hints say that are new since the last call @throws {OperationalError} STORE */
  async read(): Promise<DayChanges> {
    const changes: DayChanges = new Map();
    const known = new Set<string>();
    const ages: HintAge[] = [];
    for await (const { key, modifiedAtMs } of this.#client.list(`${folder}/`)) {
      ages.push([key, modifiedAtMs]);
      if (!this.#known.has(key)) {
        const text = (await this.#client.get(key))?.toString() ?? '';
        for (const line of text.split('\n')) {
          const [, day, piece] = changeLine.exec(line) ?? [];
          if (day !== undefined) addChange(changes, day, piece);
        }
      }
      known.add(key);
    }
    this.#known = known;
    await this.#removeAbandoned(ages);
    return changes;
  }

  /** One at a call; keys that may only read remove none. */
  async #removeAbandoned(ages: readonly HintAge[]): Promise<void> {
    if (!this.#mayRemove) return;
    const [found] = abandonedOf(ages);
    if (found === undefined) return;
    await this.#client.remove(found).catch(() => (this.#mayRemove = false));
  }
}
