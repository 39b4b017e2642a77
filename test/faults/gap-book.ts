/**
 * The fourth book: frames that are in none of the other three because something has counted them. A note counts only
 * by the sequences that it names, and only those that are nowhere else. Pure.
 */
import type { Gap } from './inventory.js';

export interface GapBook {
  /** Frames that are gone and counted. */
  readonly counted: number;
  /** Each way in which the notes are wrong, with which. */
  readonly wrong: readonly (readonly [what: string, items: readonly string[]])[];
  /** Sequences below the newest of their epoch that are in no book. */
  readonly holes: readonly string[];
}

export interface GapSources {
  /** Of the receiver and of the spool; the same note may be in both. */
  readonly gaps: readonly Gap[];
  /** What was overheard of notes by their (epoch, sequence), for a record that does not name sequences. */
  readonly overheard: ReadonlyMap<string, Gap>;
  /** (epoch, sequence) of each frame that waits or is set aside. */
  readonly kept: readonly string[];
  /** Of each that is recorded. One that arrived and whose answer was lost may be counted too. */
  readonly stored: readonly string[];
  /** True where one side is 0.1.0, whose notes name nothing. */
  readonly mayOmitSequences: boolean;
}

export function readGaps(books: GapSources): GapBook {
  const named = new Map<string, Gap>();
  for (const gap of books.gaps) {
    const known = gap.sequences ? gap : (books.overheard.get(gap.id) ?? gap);
    named.set(gap.id, known.sequences ? known : (named.get(gap.id) ?? known));
  }
  const owners = new Map<string, string[]>();
  const miscounted: string[] = [];
  const nameless: string[] = [];
  let counted = 0;
  for (const { id, epoch, count, sequences } of named.values()) {
    if (sequences === undefined) {
      nameless.push(id);
      if (books.mayOmitSequences) counted += count;
      continue;
    }
    let total = 0;
    for (const [first, last] of sequences) {
      total += last - first + 1;
      for (let each = first; each <= last; each += 1) {
        const frame = `${epoch} ${each}`;
        owners.set(frame, [...(owners.get(frame) ?? []), id]);
      }
    }
    if (total !== count) miscounted.push(`${id} (${count}, names ${total})`);
  }
  const kept = new Set(books.kept);
  const elsewhere = new Set([...books.kept, ...books.stored]);
  const twice = [...owners].filter(([, notes]) => notes.length > 1).map(([frame]) => frame);
  counted += [...owners.keys()].filter((frame) => !elsewhere.has(frame)).length;
  return {
    counted,
    wrong: [
      ['notes whose count is not that of the sequences that they name', miscounted],
      ['notes that name no sequences', books.mayOmitSequences ? [] : nameless],
      ['counted as gone by two notes', twice],
      ['counted as gone and there', [...owners.keys()].filter((frame) => kept.has(frame))],
    ],
    holes: books.mayOmitSequences ? [] : holesIn([...elsewhere, ...owners.keys(), ...named.keys()]),
  };
}

/** @param ids (epoch, sequence) of all that there is @returns what is missing below the newest of each epoch */
function holesIn(ids: readonly string[]): string[] {
  const known = new Set(ids);
  const newest = new Map<string, number>();
  for (const id of ids) {
    const [epoch = '', sequence] = id.split(' ');
    newest.set(epoch, Math.max(newest.get(epoch) ?? 0, Number(sequence)));
  }
  return [...newest].flatMap(([epoch, last]) =>
    Array.from({ length: last }, (_, index) => `${epoch} ${index + 1}`).filter(
      (id) => !known.has(id),
    ),
  );
}
