/** What verify counts of a camera. Pure. */
import type { StoreNote } from '../../store/store-note.js';
import type { Proof } from '../frame-entry.js';
import type { RecordEntry } from '../record-entry.js';

export class CameraTally {
  days = 0;
  frames = 0;
  /** Of files that were read. */
  bytes = 0;
  gaps = 0;
  reports = 0;
  /** Entries whose signature holds. */
  proven = 0;
  /** Signed entries of a camera whose key is not known here. */
  keyNotKnown = 0;
  unsigned = 0;
  /** Lines written by `receiver reindex`. */
  recovered = 0;
  /** Frames that lines say were deleted. */
  deleted = 0;
  /** Frames that lines say came after their stretch was erased. */
  late = 0;
  /** Entries that summaries stand for. */
  summarized = 0;
  /** Entries that were not proven when they arrived, by the reason. */
  readonly flaws: Partial<Record<Proof, number>> = {};

  addEntry({ kind, proof }: RecordEntry): void {
    if (kind === 'frame') this.frames += 1;
    else if (kind === 'gap') this.gaps += 1;
    else this.reports += 1;
    if (proof === 'signed' || proof === 'unsigned') return;
    this.flaws[proof] = (this.flaws[proof] ?? 0) + 1;
  }

  addNote(note: StoreNote): void {
    if (note.kind === 'deleted') this.deleted += note.names.length;
    if (note.kind === 'late') this.late += 1;
    if (note.kind === 'summary') this.summarized += note.frames + note.gaps + note.reports;
  }
}
