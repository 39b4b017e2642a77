/** Finds the removals that an earlier process did not finish. Pure. */
import type { SequenceRange } from '../../shared/protocol/messages.js';
import type { EntryHeader } from './entry.js';
import { includes } from './sequence-ranges.js';
import type { RejectedEntry, Leftover, StoredEntry, SpoolLife } from './entry-store.js';

/**
 * Sorts the entries of a spool. A frame that a waiting gap entry counts was dropped, since gap entries are written
 * before the frames are removed. A frame that waits and is set aside too has to be sent: its copy is a leftover.
 * @param gapHeaders of the gap entries that wait
 */
export function leftoversOf(
  found: readonly StoredEntry[],
  foundAside: readonly RejectedEntry[],
  gapHeaders: readonly (EntryHeader | undefined)[],
): Pick<SpoolLife, 'entries' | 'aside' | 'leftovers'> {
  const [dropped, damaged]: [SequenceRange[], SequenceRange[]] = [[], []];
  for (const header of gapHeaders) {
    if (header?.type !== 'dropped') continue;
    (header.why === 'damaged' ? damaged : dropped).push(...(header.sequences ?? []));
  }
  const entries: StoredEntry[] = [];
  const aside: RejectedEntry[] = [];
  const leftovers: Leftover[] = [];
  for (const entry of found) {
    const isDamaged = includes(damaged, entry.sequence);
    if (isDamaged || includes(dropped, entry.sequence)) {
      leftovers.push({ ...entry, isAside: false, isDamaged });
    } else entries.push(entry);
  }
  const waiting = new Set(entries.map(({ sequence }) => sequence));
  for (const entry of foundAside) {
    const isLeftover = includes(dropped, entry.sequence) || waiting.has(entry.sequence);
    if (isLeftover && !entry.isDamaged) leftovers.push({ ...entry, isAside: true });
    else aside.push(entry);
  }
  return { entries, aside, leftovers };
}
