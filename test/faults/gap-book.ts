/**
 * Frames that are neither stored, waiting nor set aside, because a gap entry counts them. An entry counts only the
 * sequences that it has, and of these only those that are nowhere else. Pure.
 */
import type { Gap } from './inventory.js';

export interface GapBook {
  /** Lost frames that are counted. */
  readonly counted: number;
  /** Kinds of wrong gap entries, with their ids. */
  readonly wrong: readonly (readonly [what: string, items: readonly string[]])[];
  /** Sequences below the newest of their epoch that are nowhere. */
  readonly holes: readonly string[];
}

export interface GapSources {
  /** Gap entries of the receiver and of the spool; the same entry may be in both. */
  readonly gaps: readonly Gap[];
  /** Gaps that the proxy recorded, by (epoch, sequence), for a record without sequences. */
  readonly overheard: ReadonlyMap<string, Gap>;
  /** (epoch, sequence) of each frame that waits or is set aside. */
  readonly kept: readonly string[];
  /** (epoch, sequence) of each recorded frame. One whose acknowledgement was lost may be counted too. */
  readonly stored: readonly string[];
  /** (epoch, sequence) of each report. */
  readonly reports: readonly string[];
  /** True where one side is 0.1.0, whose gaps have no sequences. */
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
    holes: books.mayOmitSequences
      ? []
      : holesIn([...elsewhere, ...owners.keys(), ...named.keys(), ...books.reports]),
  };
}

/** @param ids (epoch, sequence) of all entries @returns those missing below the newest of each epoch */
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
