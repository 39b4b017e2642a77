/**
 * Erased stretches of the cameras of a bucket: `.erasures/CAMERA/…`, an object each, of all cameras in one place, so
 * that one list tells every receiver what is new. A receiver's knowledge is at most `maxAgeMs` old.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { CoalescedTask } from '../coalesced-task.js';
import {
  type Erasure,
  type OnUnreadableErasure,
  isErased,
  lineOfErasure,
  readErasures,
} from '../erasures.js';
import type { FrameToStore } from '../store-port.js';
import type { S3Client } from './s3-client.js';

const folder = '.erasures';
/** What erases waits longer than this before it removes frames: until then receivers may store some. */
export const erasuresMaxAgeMs = 10_000;

interface BucketErasuresParts {
  readonly client: S3Client;
  readonly clock: Clock;
  /** Called when there are new ones, before a frame passes. */
  readonly onNew: () => void;
  /** Called once for each object. */
  readonly onUnreadable?: OnUnreadableErasure | undefined;
  /** Shorter in tests. */
  readonly maxAgeMs?: number | undefined;
}

export class BucketErasures {
  readonly #parts: BucketErasuresParts;
  readonly #maxAgeMs: number;
  /** By key. */
  readonly #known = new Map<string, readonly Erasure[]>();
  readonly #refreshes = new CoalescedTask(() => this.#refresh());
  #refreshedAtMs = -Infinity;

  constructor(parts: BucketErasuresParts) {
    this.#parts = parts;
    this.#maxAgeMs = parts.maxAgeMs ?? erasuresMaxAgeMs;
  }

  /** @throws {OperationalError} STORE: they cannot be read, and no frame passes */
  async covers(camera: string, frame: FrameToStore): Promise<boolean> {
    const ageMs = this.#parts.clock.monotonicMs() - this.#refreshedAtMs;
    if (ageMs >= this.#maxAgeMs) await this.#refreshes.join();
    return [...this.#known.values()].some((erasures) =>
      isErased(
        erasures.filter((each) => each.camera === camera),
        frame,
      ),
    );
  }

  async #refresh(): Promise<void> {
    const { client, clock, onNew, onUnreadable } = this.#parts;
    const startMs = clock.monotonicMs();
    const { size } = this.#known;
    for await (const { key } of client.list(`${folder}/`)) {
      if (this.#known.has(key)) continue;
      const text = await client.get(key);
      if (text === undefined) continue;
      const erasures = readErasures(text.toString());
      if (erasures.length === 0) onUnreadable?.(client.place(key));
      this.#known.set(key, erasures);
    }
    if (this.#known.size > size) onNew();
    this.#refreshedAtMs = startMs;
  }
}

/** Where the erasures of a camera are. */
export const erasuresBelow = (camera: string): string => `${folder}/${camera}/`;

export function erasureKey(erasure: Erasure): string {
  const hash = createHash('sha256').update(lineOfErasure(erasure)).digest('hex').slice(0, 32);
  return `${erasuresBelow(erasure.camera)}${hash}.jsonl`;
}

/** @returns false: it was there before @throws {OperationalError} STORE */
export async function addErasure(client: S3Client, erasure: Erasure): Promise<boolean> {
  return await client.putNew(erasureKey(erasure), Buffer.from(lineOfErasure(erasure)));
}

/** Of one camera, in the order in which they were made. @throws {OperationalError} STORE */
export async function erasuresOf(client: S3Client, camera: string): Promise<readonly Erasure[]> {
  const erasures: Erasure[] = [];
  for await (const { key } of client.list(erasuresBelow(camera))) {
    erasures.push(...readErasures((await client.get(key))?.toString() ?? ''));
  }
  return erasures.sort((a, b) => a.atMs - b.atMs);
}

/**
 * Keys of objects that are no erasure: what they erased is not known.
 * @param camera undefined: of all cameras @throws {OperationalError} STORE
 */
export async function unreadableErasures(client: S3Client, camera?: string): Promise<string[]> {
  const keys: string[] = [];
  const start = camera === undefined ? `${folder}/` : erasuresBelow(camera);
  for await (const { key } of client.list(start)) {
    const text = await client.get(key);
    if (text !== undefined && readErasures(text.toString()).length === 0) keys.push(key);
  }
  return keys;
}
