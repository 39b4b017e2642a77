/**
 * How many entries of an epoch wait at the camera, as its newest report states, without those that arrived after it.
 * They have lower numbers than the report. Pure.
 */
import type { RecordEntry, ReportEntry } from '../record-entry.js';

/** A camera's clock may be set between two entries. */
const slackMs = 2000;

export class WaitingEntries {
  #report: ReportEntry | undefined;
  /** Arrival times of entries that the newest report may count, and that arrived after it; by sequence. */
  readonly #arrivedAfter = new Map<number, number>();

  /** In any order, and with repeats. */
  add(entry: RecordEntry): void {
    const { sequence, receivedAtMs } = entry;
    if (entry.kind === 'report') {
      if (entry.sequence <= (this.#report?.sequence ?? 0)) return;
      this.#report = entry;
      for (const [each, atMs] of this.#arrivedAfter) {
        if (!this.#isAfter(atMs)) this.#arrivedAfter.delete(each);
      }
    } else if (sequence !== undefined && this.#report !== undefined) {
      const isCounted = sequence < this.#report.sequence;
      if (isCounted && receivedAtMs !== undefined && this.#isAfter(receivedAtMs)) {
        this.#arrivedAfter.set(sequence, receivedAtMs);
      }
    }
  }

  get count(): number {
    return Math.max(0, (this.#report?.waiting ?? 0) - this.#arrivedAfter.size);
  }

  /** @param hole missing numbers up to `last`, captured at `toMs` at the latest */
  mayHave({ last, toMs }: { readonly last: number; readonly toMs: number }): boolean {
    if (this.#report === undefined) return false;
    const { sequence, oldestWaitingMs = -Infinity } = this.#report;
    return last < sequence && toMs >= oldestWaitingMs - slackMs;
  }

  #isAfter(receivedAtMs: number): boolean {
    return receivedAtMs > (this.#report?.receivedAtMs ?? Infinity);
  }
}
