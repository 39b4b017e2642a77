/** File names in a spool folder. The order of entries after a crash follows from the names alone. Pure. */
import type { EntryHeader } from './entry.js';

/** `jpg` for a frame, so that any viewer opens it; other kinds have no picture. */
const extensions = { frame: 'jpg', dropped: 'dropped', report: 'report' } as const;
const kinds = { jpg: 'frame', dropped: 'dropped', report: 'report' } as const;

export interface EntryName {
  readonly sequence: number;
  /**
   * `sent`: the tombstone, not an entry; a restart continues after its sequence. `damaged`: an entry that was set
   * aside because it is damaged; a gap entry counts it.
   */
  readonly kind: EntryHeader['type'] | 'sent' | 'damaged';
}

/** Twelve digits: a frame every millisecond for 30 years, and names sort as text. */
const namePattern = /^(\d{12})\.(jpg|dropped|report|sent|damaged)$/;

export function entryName({ sequence, kind }: EntryName): string {
  const extension = kind === 'sent' || kind === 'damaged' ? kind : extensions[kind];
  return `${String(sequence).padStart(12, '0')}.${extension}`;
}

/** @returns undefined: not a name of a spool file */
export function parseEntryName(name: string): EntryName | undefined {
  const [, digits, extension] = namePattern.exec(name) ?? [];
  if (digits === undefined || Number(digits) === 0) return undefined;
  const sequence = Number(digits);
  if (extension === 'sent' || extension === 'damaged') return { sequence, kind: extension };
  return { sequence, kind: kinds[extension as keyof typeof kinds] };
}
