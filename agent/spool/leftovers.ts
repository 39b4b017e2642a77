/** What a process that ended in the middle left in a spool, told from what waits and what is kept aside. Pure. */
import type { SequenceRange } from '../../shared/protocol/messages.js';
import type { EntryHeader } from './entry.js';
import { includes } from './sequence-ranges.js';
import type { RejectedEntry, Leftover, StoredEntry, SpoolLife } from './entry-store.js';

/**
 * @param notes the notes that wait: what they count as gone is noted before it is removed
 * @returns each entry once: a frame that waits and lies aside too is to be sent, so it waits
 */
export function leftoversOf(
  found: readonly StoredEntry[],
  foundAside: readonly RejectedEntry[],
  notes: readonly (EntryHeader | undefined)[],
): Pick<SpoolLife, 'entries' | 'aside' | 'leftovers'> {
  const [gone, damaged]: [SequenceRange[], SequenceRange[]] = [[], []];
  for (const note of notes) {
    if (note?.type !== 'dropped') continue;
    (note.why === 'damaged' ? damaged : gone).push(...(note.sequences ?? []));
  }
  const entries: StoredEntry[] = [];
  const aside: RejectedEntry[] = [];
  const leftovers: Leftover[] = [];
  for (const entry of found) {
    const isDamaged = includes(damaged, entry.sequence);
    if (isDamaged || includes(gone, entry.sequence)) {
      leftovers.push({ ...entry, isAside: false, isDamaged });
    } else entries.push(entry);
  }
  const waiting = new Set(entries.map(({ sequence }) => sequence));
  for (const entry of foundAside) {
    const isNoted = includes(gone, entry.sequence) || waiting.has(entry.sequence);
    if (isNoted && !entry.isDamaged) leftovers.push({ ...entry, isAside: true });
    else aside.push(entry);
  }
  return { entries, aside, leftovers };
}
