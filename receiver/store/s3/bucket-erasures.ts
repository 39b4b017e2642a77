/**
 * Erased stretches of the cameras of a bucket: `.erasures/CAMERA/…`, an object each, of all cameras in one place, so
 * that one list tells every receiver what is new. A receiver's knowledge is at most `maxAgeMs` old.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { CoalescedTask } from '../coalesced-task.js';
import { type Erasure, isErased, lineOfErasure, readErasures } from '../erasures.js';
import type { FrameToStore } from '../store-port.js';
import type { S3Client } from './s3-client.js';

const folder = '.erasures';
/** What erases waits longer than this before it removes frames: until then receivers may store some. */
export const erasuresMaxAgeMs = 10_000;

export class BucketErasures {
  readonly #client: S3Client;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  /** By key. */
  readonly #known = new Map<string, readonly Erasure[]>();
  readonly #refreshes = new CoalescedTask(() => this.#refresh());
  #refreshedAtMs = -Infinity;

  constructor(client: S3Client, clock: Clock, maxAgeMs = erasuresMaxAgeMs) {
    this.#client = client;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** @throws {OperationalError} STORE: they cannot be read, and no frame passes */
  async covers(camera: string, frame: FrameToStore): Promise<boolean> {
    const ageMs = this.#clock.monotonicMs() - this.#refreshedAtMs;
    if (ageMs >= this.#maxAgeMs) await this.#refreshes.join();
    return [...this.#known.values()].some((erasures) =>
      isErased(
        erasures.filter((each) => each.camera === camera),
        frame,
      ),
    );
  }

  async #refresh(): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    for await (const { key } of this.#client.list(`${folder}/`)) {
      if (this.#known.has(key)) continue;
      const text = await this.#client.get(key);
      if (text !== undefined) this.#known.set(key, readErasures(text.toString()));
    }
    this.#refreshedAtMs = startMs;
  }
}

/** @returns false: it was there before @throws {OperationalError} STORE */
export async function addErasure(client: S3Client, erasure: Erasure): Promise<boolean> {
  const line = lineOfErasure(erasure);
  const hash = createHash('sha256').update(line).digest('hex').slice(0, 32);
  return await client.putNew(`${folder}/${erasure.camera}/${hash}.jsonl`, Buffer.from(line));
}

/** Of one camera, in the order in which they were made. @throws {OperationalError} STORE */
export async function erasuresOf(client: S3Client, camera: string): Promise<readonly Erasure[]> {
  const erasures: Erasure[] = [];
  for await (const { key } of client.list(`${folder}/${camera}/`)) {
    erasures.push(...readErasures((await client.get(key))?.toString() ?? ''));
  }
  return erasures.sort((a, b) => a.atMs - b.atMs);
}
