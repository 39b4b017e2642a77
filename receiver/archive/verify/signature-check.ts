/**
 * Judges signatures by what is around them. An epoch is one life of an agent's state, and so has one key: a signature
 * that does not hold is a fault where the key signed other entries of its epoch, or where it was pinned when the entry
 * arrived; else the camera had another key then. Entries without a signature are a fault between signed ones. Pure.
 */
import { getOrInsertComputed } from '../../../shared/get-or-insert.js';
import type { RecordEntry } from '../record-entry.js';

/** Runs of suspicious entries that are kept for a camera, of each kind; a run is of consecutive numbers. */
const maxRuns = 100_000;

export interface LinePlace {
  readonly path: string;
  readonly line: number;
}

interface Run {
  /** Of its first entry. */
  readonly place: LinePlace;
  readonly first: number;
  last: number;
  /** The key was pinned when they arrived, and the receiver found no flaw. */
  readonly isAfterPin: boolean;
}

class Epoch {
  firstRight = Infinity;
  lastRight = -Infinity;
  readonly wrong: Run[] = [];
  readonly unsigned: Run[] = [];
}

export interface SignatureFault {
  readonly kind: 'wrong-signature' | 'no-signature' | 'other-key';
  readonly place: LinePlace;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

export class SignatureCheck {
  readonly #epochs = new Map<string, Epoch>();
  readonly #pinnedAtMs: number;
  #runs = 0;

  /** @param pinnedAtMs of the known key; undefined: it is not known since when */
  constructor(pinnedAtMs: number | undefined) {
    this.#pinnedAtMs = pinnedAtMs ?? Infinity;
  }

  /** @param found `right`: it holds, or it is there and no key is known */
  add(entry: RecordEntry, place: LinePlace, found: 'right' | 'wrong' | 'none'): void {
    const { epoch: id, sequence, receivedAtMs = -Infinity, proof } = entry;
    if (id === undefined || sequence === undefined) return;
    const epoch = this.#of(id);
    if (found === 'right') {
      epoch.firstRight = Math.min(epoch.firstRight, sequence);
      epoch.lastRight = Math.max(epoch.lastRight, sequence);
      return;
    }
    const hasNoFlaw = proof === 'signed' || proof === 'unsigned';
    const isAfterPin = receivedAtMs >= this.#pinnedAtMs && hasNoFlaw;
    const runs = found === 'wrong' ? epoch.wrong : epoch.unsigned;
    const newest = runs.at(-1);
    if (newest?.isAfterPin === isAfterPin && newest.last + 1 === sequence) newest.last = sequence;
    else if (this.#runs < maxRuns) {
      this.#runs += 1;
      runs.push({ place, first: sequence, last: sequence, isAfterPin });
    }
  }

  faults(): SignatureFault[] {
    const faults: SignatureFault[] = [];
    for (const [epoch, { firstRight, lastRight, wrong, unsigned }] of this.#epochs) {
      const hasRight = firstRight <= lastRight;
      for (const { place, first, last, isAfterPin } of wrong) {
        const kind = hasRight || isAfterPin ? 'wrong-signature' : 'other-key';
        faults.push({ kind, place, epoch, first, last });
      }
      for (const { place, first, last, isAfterPin } of unsigned) {
        const isBetween = firstRight < first && last < lastRight;
        if (isBetween || isAfterPin) {
          faults.push({ kind: 'no-signature', place, epoch, first, last });
        }
      }
    }
    return faults;
  }

  #of(id: string): Epoch {
    return getOrInsertComputed(this.#epochs, id, () => new Epoch());
  }
}
