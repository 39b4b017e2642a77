/**
 * Builds the gap entries: the sequences of dropped frames, the range of their capture times, and the reason. An entry
 * may grow until it is sent; after that the receiver may have it, and it is sealed.
 */
import { maxSequenceRanges } from '../../shared/protocol/protocol-limits.js';
import type { DropReason, DroppedHeader } from '../../shared/protocol/messages.js';
import { countIn, withSequence } from './sequence-ranges.js';

/** A frame that had to be sent and was dropped. */
export interface DroppedFrame {
  readonly sequence: number;
  /** Capture time. */
  readonly atMs: number;
}

/** A gap entry to write. */
export interface GapEntryChange {
  /** The sequence of the existing entry to replace; undefined: a new entry. */
  readonly sequence: number | undefined;
  readonly header: DroppedHeader;
}

type NamedHeader = DroppedHeader & { readonly sequences: NonNullable<DroppedHeader['sequences']> };

export class GapEntries {
  readonly #utcOffsetMinutes: (atMs: number) => number;
  /** By reason, the entry that may grow. Entries of an earlier process may have been sent and are not here. */
  readonly #open = new Map<DropReason, { sequence: number; header: NamedHeader }>();

  constructor(utcOffsetMinutes: (atMs: number) => number) {
    this.#utcOffsetMinutes = utcOffsetMinutes;
  }

  /** The entry with this sequence does not grow any more. */
  seal(sequence: number): void {
    for (const [why, entry] of this.#open) if (entry.sequence === sequence) this.#open.delete(why);
  }

  /** Yields the entries that count these frames. The caller writes each one and then calls `written`. */
  *entriesFor(
    dropped: readonly DroppedFrame[],
    why: DropReason,
  ): Generator<GapEntryChange & { header: NamedHeader }> {
    let { sequence, header } = this.#open.get(why) ?? { sequence: undefined, header: undefined };
    for (const frame of dropped) {
      const sequences = withSequence(header?.sequences ?? [], frame.sequence);
      if (header !== undefined && sequences.length > maxSequenceRanges) {
        yield { sequence, header };
        sequence = undefined;
        header = this.#headerOf([[frame.sequence, frame.sequence]], frame.atMs, why, undefined);
      } else header = this.#headerOf(sequences, frame.atMs, why, header);
    }
    if (header !== undefined) yield { sequence, header };
  }

  written(sequence: number, why: DropReason, header: NamedHeader): void {
    this.#open.set(why, { sequence, header });
  }

  #headerOf(
    sequences: NamedHeader['sequences'],
    atMs: number,
    why: DropReason,
    previous: NamedHeader | undefined,
  ): NamedHeader {
    const firstCapturedAtMs = Math.min(atMs, previous?.firstCapturedAtMs ?? Infinity);
    return {
      type: 'dropped',
      count: countIn(sequences),
      firstCapturedAtMs,
      lastCapturedAtMs: Math.max(atMs, previous?.lastCapturedAtMs ?? -Infinity),
      utcOffsetMinutes: this.#utcOffsetMinutes(firstCapturedAtMs),
      why,
      sequences,
    };
  }
}
