/** Sees what the notifier sees: the lines of the records, and what is open. */
import type { BookState } from './notice-book.js';
import type { Notice, Now } from './notice.js';
import type { FoundLine } from './record-tail.js';

export interface Look {
  readonly notices: readonly Notice[];
  readonly book: BookState;
  readonly now: Now;
}

export interface Observer {
  addLine(found: FoundLine): void;
  /** After each look at the records. */
  addLook(look: Look): void;
}
