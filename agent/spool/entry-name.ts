/** Names in a spool folder. They alone restore the order after a crash. Pure. */
import type { EntryHeader } from './entry.js';

/** A JPEG for a frame, so that a viewer opens it; other kinds have no picture. */
const extensions: Record<EntryHeader['type'], string> = { frame: 'jpg', dropped: 'dropped' };

export interface EntryName {
  readonly sequence: number;
  /**
   * `sent`: no entry, but the mark that this sequence was given: a restart goes on after it. `damaged`: an entry
   * that was set aside because it cannot be sent; it is counted already.
   */
  readonly kind: EntryHeader['type'] | 'sent' | 'damaged';
}

/** Twelve digits: a frame every millisecond for 30 years, and names sort as text. */
const namePattern = /^(\d{12})\.(jpg|dropped|sent|damaged)$/;

export function entryName({ sequence, kind }: EntryName): string {
  const extension = kind === 'sent' || kind === 'damaged' ? kind : extensions[kind];
  return `${String(sequence).padStart(12, '0')}.${extension}`;
}

/** @returns undefined for a name that is not one of ours: whose it is, is not known, and it stays */
export function parseEntryName(name: string): EntryName | undefined {
  const [, digits, extension] = namePattern.exec(name) ?? [];
  if (digits === undefined || Number(digits) === 0) return undefined;
  const sequence = Number(digits);
  if (extension === 'sent' || extension === 'damaged') return { sequence, kind: extension };
  return { sequence, kind: extension === 'jpg' ? 'frame' : 'dropped' };
}
