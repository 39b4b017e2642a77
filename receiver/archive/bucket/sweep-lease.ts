/**
 * One process at a time deletes, keeps, erases or compacts in a bucket: `.sweeping/N`, an object for each of them, made by
 * a conditional write; the one with the highest N counts. Its holder writes it again every 10 s; one that does not for
 * 30 s has ended, and another process writes N + 1. How old it is, is measured by who waits: no clock is compared.
 *
 * A holder asks before each step whether it still is: a process that stood still for long has lost the lease. What it
 * does between that look and the answer to its next request rests on conditional writes and on lines that may be there
 * twice, but for one: a frame that is kept in that moment may be deleted. What keeps frames asks afterwards too, and
 * fails when it may have kept a frame beside a deletion.
 */
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import type { SweepHold } from '../retention/swept-store.js';

const folder = '.sweeping';
const renewEveryMs = 10_000;
const lostAfterMs = 30_000;
const lookEveryMs = 1000;
/** Processes that begin at the same moment. */
const maxAttempts = 50;

const content = v.object({
  holder: v.string(),
  /** The clock of its process, for people. */
  at: v.number(),
  /** Whose frames are being removed: where a sweep was killed, the next one finishes it. */
  day: v.optional(v.string()),
  /** When the last sweep ended. */
  swept: v.optional(v.number()),
  released: v.optional(v.literal(true)),
});
type Content = v.InferOutput<typeof content>;

interface Found {
  readonly number: number;
  readonly modifiedAtMs: number;
  readonly keys: readonly string[];
}

export class SweepLease implements SweepHold {
  readonly #unfinishedDay: string | undefined;
  readonly #client: S3Client;
  readonly #clock: Clock;
  readonly #key: string;
  #content: Content;
  #writing: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  private constructor(client: S3Client, clock: Clock, key: string, own: Content) {
    this.#client = client;
    this.#clock = clock;
    this.#key = key;
    this.#content = own;
    this.#unfinishedDay = own.day;
    this.#timer = setInterval(() => void this.#renew(), renewEveryMs).unref();
  }

  /** @returns undefined: another process holds it for so long @throws {OperationalError} STORE */
  static async take(
    client: S3Client,
    clock: Clock,
    waitMs: number,
  ): Promise<SweepLease | undefined> {
    const startMs = clock.monotonicMs();
    const holder = randomBytes(8).toString('hex');
    let seen = { mark: '', sinceMs: startMs };
    for (let attempts = 0; attempts < maxAttempts;) {
      const found = await newestOf(client);
      const nowMs = clock.monotonicMs();
      const mark = `${found.number} ${found.modifiedAtMs}`;
      if (mark !== seen.mark) seen = { mark, sinceMs: nowMs };
      const last = await read(client, found.number);
      const isFree = found.number === 0 || last?.released === true;
      if (isFree || nowMs - seen.sinceMs >= lostAfterMs) {
        attempts += 1;
        const at = Math.round(clock.nowMs());
        const own = { holder, at, day: last?.day, swept: last?.swept };
        const key = keyOf(found.number + 1);
        const isNew = await client.putNew(key, bytesOf(own));
        // False: another process was faster, or an earlier attempt of this request.
        if (isNew || (await read(client, found.number + 1))?.holder === holder) {
          // Between the list and the write others may have taken it, and have removed this number.
          if ((await newestOf(client)).number === found.number + 1) {
            for (const old of found.keys) await client.remove(old);
            return new SweepLease(client, clock, key, own);
          }
          await client.remove(key);
        }
      } else if (nowMs - startMs >= waitMs) return undefined;
      else await clock.sleep(Math.min(lookEveryMs, waitMs));
    }
    return undefined;
  }

  unfinishedDay(): Promise<string | undefined> {
    return Promise.resolve(this.#unfinishedDay);
  }

  /** @throws {OperationalError} STORE: another process has taken it over */
  async check(): Promise<void> {
    const { number } = await newestOf(this.#client);
    if (keyOf(number) === this.#key) return;
    throw new OperationalError(
      'STORE',
      `another process deletes frames in ${this.#client.place()}: this one stood still for too long`,
      { hint: 'run it again: it goes on where it has ended' },
    );
  }

  async begin(day: string): Promise<void> {
    await this.check();
    await this.#write({ ...this.#content, day });
  }

  async end(): Promise<void> {
    const { holder, swept } = this.#content;
    await this.#write({ holder, at: Math.round(this.#clock.nowMs()), swept });
  }

  /** Tells regular sweeps that one was done; written when it is released. */
  noteSwept(): void {
    this.#content = { ...this.#content, swept: Math.round(this.#clock.nowMs()) };
  }

  /** Never rejects: one that is not released is free after a while. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    const content = { ...this.#content, at: Math.round(this.#clock.nowMs()) };
    await this.#write({ ...content, released: true }).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    await this.#write(this.#content).catch(() => undefined);
  }

  async #write(own: Content): Promise<void> {
    this.#content = own;
    const writing = this.#writing.then(() => this.#client.put(this.#key, bytesOf(this.#content)));
    this.#writing = writing.catch(() => undefined);
    await writing;
  }
}

/** Holds the lease while `act` runs. @throws {OperationalError} STORE: another process holds it for long */
export async function withSweepLease<T>(
  { client, clock, waitMs }: { client: S3Client; clock: Clock; waitMs: number },
  act: (lease: SweepLease) => Promise<T>,
): Promise<T> {
  const lease = await SweepLease.take(client, clock, waitMs);
  if (lease === undefined) {
    throw new OperationalError('STORE', `another process deletes frames in ${client.place()}`, {
      hint: 'try again when it has ended',
    });
  }
  try {
    return await act(lease);
  } finally {
    await lease.release();
  }
}

/** When the last sweep ended, by the clock of its process; undefined: it is not known. */
export async function lastSweepOf(client: S3Client): Promise<number | undefined> {
  return (await read(client, (await newestOf(client)).number))?.swept;
}

async function newestOf(client: S3Client): Promise<Found> {
  let [number, changedMs] = [0, 0];
  const keys: string[] = [];
  for await (const { key, modifiedAtMs } of client.list(`${folder}/`)) {
    const name = key.slice(folder.length + 1);
    // An object of another program is no lease.
    if (!/^\d{9}$/.test(name)) continue;
    keys.push(key);
    [number, changedMs] = [Number(name), modifiedAtMs];
  }
  return { number, modifiedAtMs: changedMs, keys };
}

async function read(client: S3Client, number: number): Promise<Content | undefined> {
  if (number === 0) return undefined;
  const text = (await client.get(keyOf(number)))?.toString() ?? '';
  try {
    const { success, output } = v.safeParse(content, JSON.parse(text));
    return success ? output : undefined;
  } catch {
    return undefined; // another program wrote it: it is no lease that is released
  }
}

const keyOf = (number: number): string => `${folder}/${String(number).padStart(9, '0')}`;
const bytesOf = (own: Content): Buffer => Buffer.from(`${JSON.stringify(own)}\n`);
