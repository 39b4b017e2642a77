/**
 * The notes of frames that are gone: which sequences, from when to when, and why. A note may take in more until it is
 * sent; after that the receiver may have it, and it stays as it is.
 */
import { maxSequenceRanges } from '../../shared/protocol/protocol-limits.js';
import type { DropReason, DroppedHeader } from '../../shared/protocol/messages.js';
import { countIn, withSequence } from './sequence-ranges.js';

/** A frame that was to be sent and is not to be had any more. */
export interface Gone {
  readonly sequence: number;
  /** When it was captured. */
  readonly atMs: number;
}

/** What is to be written. */
export interface NoteChange {
  /** The sequence of the note that takes in more; undefined: a new note. */
  readonly sequence: number | undefined;
  readonly header: DroppedHeader;
}

type NamedHeader = DroppedHeader & { readonly sequences: NonNullable<DroppedHeader['sequences']> };

export class GapNotes {
  readonly #utcOffsetMinutes: (atMs: number) => number;
  /** By reason, the note that may take in more. Those of an earlier process may have been sent, and are not here. */
  readonly #open = new Map<DropReason, { sequence: number; header: NamedHeader }>();

  constructor(utcOffsetMinutes: (atMs: number) => number) {
    this.#utcOffsetMinutes = utcOffsetMinutes;
  }

  /** The note with this sequence stays as it is from now on. */
  seal(sequence: number): void {
    for (const [why, note] of this.#open) if (note.sequence === sequence) this.#open.delete(why);
  }

  /** The notes that say that these frames are gone; after each is written, `opened` is called. */
  *noteOf(gone: readonly Gone[], why: DropReason): Generator<NoteChange & { header: NamedHeader }> {
    let { sequence, header } = this.#open.get(why) ?? { sequence: undefined, header: undefined };
    for (const each of gone) {
      const sequences = withSequence(header?.sequences ?? [], each.sequence);
      if (header !== undefined && sequences.length > maxSequenceRanges) {
        yield { sequence, header };
        sequence = undefined;
        header = this.#headerOf([[each.sequence, each.sequence]], each.atMs, why, undefined);
      } else header = this.#headerOf(sequences, each.atMs, why, header);
    }
    if (header !== undefined) yield { sequence, header };
  }

  opened(sequence: number, why: DropReason, header: NamedHeader): void {
    this.#open.set(why, { sequence, header });
  }

  #headerOf(
    sequences: NamedHeader['sequences'],
    atMs: number,
    why: DropReason,
    before: NamedHeader | undefined,
  ): NamedHeader {
    const firstCapturedAtMs = Math.min(atMs, before?.firstCapturedAtMs ?? Infinity);
    return {
      type: 'dropped',
      count: countIn(sequences),
      firstCapturedAtMs,
      lastCapturedAtMs: Math.max(atMs, before?.lastCapturedAtMs ?? -Infinity),
      utcOffsetMinutes: this.#utcOffsetMinutes(firstCapturedAtMs),
      why,
      sequences,
    };
  }
}
