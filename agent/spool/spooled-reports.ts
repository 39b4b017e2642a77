/**
 * The reports of a spool. They wait, are sent and are acknowledged like frames. They do not count for the limits, and
 * no limit drops them. A report is held back until the state file states that it is in the spool: a kill would
 * otherwise make the next process report the same time again.
 */
import type { SpooledReport } from './entry.js';
import type { EntryKeeper } from './entry-keeper.js';
import type { SpoolIndex } from './spool-index.js';
import type { SpoolReport } from './spool-report.js';
import type { Turns } from './turns.js';

export interface SpooledReportsParts {
  readonly keeper: EntryKeeper;
  readonly index: SpoolIndex;
  readonly turns: Turns;
  readonly report: Pick<SpoolReport, 'failed' | 'worked'>;
  /** An entry can be sent. */
  readonly onAdded: () => void;
}

const notWritten = 'cannot write a report to the spool: it waits in the state file';

export class SpooledReports {
  readonly #parts: SpooledReportsParts;
  /** Sequences of the reports that are held back. */
  readonly #held: Set<number>;
  /** The sequence of a report that could not be written: a file may exist, and the next report replaces it. */
  #unwritten: number | undefined;

  constructor(parts: SpooledReportsParts) {
    this.#parts = parts;
    this.#held = new Set(this.#sequences);
  }

  get count(): number {
    return this.#parts.index.reportCount;
  }

  /** For a report: capture time of the oldest frame that waits in the spool; undefined: none does. */
  get oldestWaitingMs(): number | undefined {
    return this.#parts.index.oldestMs;
  }

  /** Adds a report, held back. @returns false: the disk failed; the next report gets the same sequence */
  add(header: SpooledReport): Promise<boolean> {
    const { keeper, index, turns, report } = this.#parts;
    return turns.run(async () => {
      const sequence = (this.#unwritten ??= keeper.nextSequence());
      try {
        await keeper.writeReport(sequence, { header, body: Buffer.alloc(0) });
      } catch (error) {
        report.failed(notWritten, error);
        return false;
      }
      this.#unwritten = undefined;
      report.worked(notWritten, 'reports are written to the spool again');
      this.#held.add(sequence);
      index.add({ sequence, kind: 'report', byteCount: 0, atMs: header.toMs });
      return true;
    });
  }

  /** The reports that wait and can be read. */
  async waiting(): Promise<readonly SpooledReport[]> {
    const read = this.#sequences.map((each) => this.#parts.keeper.peek(each, 'report'));
    const headers = (await Promise.all(read)).map((entry) => entry?.header);
    return headers.filter((header) => header?.type === 'report');
  }

  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  isHeld(sequence: number): boolean {
    return this.#held.has(sequence);
  }

  /** The state file states what is in the spool: all reports can be sent. */
  release(): void {
    if (this.#held.size === 0) return;
    this.#held.clear();
    this.#parts.onAdded();
  }

  get #sequences(): number[] {
    const entries = [...this.#parts.index.waiting.values()];
    return entries.filter(({ kind }) => kind === 'report').map(({ sequence }) => sequence);
  }
}
