/** Failed entries and the time of each one's next attempt: exponential backoff from 1 s to 30 s. Pure. */
import { backoffMs } from '../../shared/backoff.js';

const pauses = { firstMs: 1000, capMs: 30_000 };

export class Retries {
  readonly #failed = new Map<number, { readonly failures: number; readonly atMs: number }>();

  get isEmpty(): boolean {
    return this.#failed.size === 0;
  }

  failed(sequence: number, nowMs: number): void {
    const failures = (this.#failed.get(sequence)?.failures ?? 0) + 1;
    this.#failed.set(sequence, { failures, atMs: nowMs + backoffMs(failures, 1, pauses) });
  }

  clear(sequence: number): void {
    this.#failed.delete(sequence);
  }

  /** True before the time of the next attempt. */
  isBackingOff(sequence: number, nowMs: number): boolean {
    return nowMs < (this.#failed.get(sequence)?.atMs ?? Number.NEGATIVE_INFINITY);
  }
}
