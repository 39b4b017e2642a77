/** The reports of a camera, in any order and with repeats. Pure. */
import type { ReportEntry } from './record-entry.js';

const dayMs = 86_400_000;

export class CameraReports {
  /** The one that starts first. */
  first: ReportEntry | undefined;
  /** The one that ends last. */
  last: ReportEntry | undefined;
  /** The one that arrived last. */
  lastArrived: ReportEntry | undefined;
  readonly #listed = new Map<string, ReportEntry>();
  readonly #maxListed: number;

  /** @param maxListed further ones are not listed */
  constructor(maxListed: number) {
    this.#maxListed = maxListed;
  }

  /** @param isListed whether `listed` has it */
  add(report: ReportEntry, isListed: boolean): void {
    const { epoch, sequence, fromMs, toMs, receivedAtMs, state } = report;
    if (fromMs < (this.first?.fromMs ?? Infinity)) this.first = report;
    // A clock that was far ahead once is not the end of what is reported.
    const isPlausible = toMs < (receivedAtMs ?? toMs) + dayMs;
    if (isPlausible && toMs > (this.last?.toMs ?? -Infinity)) this.last = report;
    const arrivedAtMs = this.lastArrived?.receivedAtMs ?? -Infinity;
    if ((receivedAtMs ?? -Infinity) >= arrivedAtMs) this.lastArrived = report;
    if (!isListed) return;
    // One that waits for its receiver grows, and may have arrived before. Only after a restored state is one `off`.
    const key = `${epoch} ${sequence} ${fromMs} ${state === 'off'}`;
    const earlier = this.#listed.get(key);
    const isTooMany = earlier === undefined && this.#listed.size >= this.#maxListed;
    if (!isTooMany && (earlier?.toMs ?? -Infinity) < toMs) this.#listed.set(key, report);
  }

  /** Each once, as it was when it was longest. */
  listed(): ReportEntry[] {
    return [...this.#listed.values()];
  }
}
