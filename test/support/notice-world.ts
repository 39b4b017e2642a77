/** A book of notices whose moments are seconds since the start, for tests. */
import * as v from 'valibot';
import { readRecordLine } from '../../receiver/archive/record-entry.js';
import { NoticeBook } from '../../receiver/notify/notice-book.js';
import type { Notice } from '../../receiver/notify/notice.js';
import type { NoticeSettings } from '../../receiver/notify/notice-settings.js';
import { bookState } from '../../receiver/notify/notify-schema.js';

const settings: NoticeSettings = {
  lateAfterMs: 120_000,
  silentAfterMs: undefined,
  cooldownMs: 0,
  mergeMs: 10_000,
  quiet: undefined,
};
export const startMs = Date.UTC(2026, 10, 27, 12);
const epoch = 'a'.repeat(32);

interface FrameFacts {
  readonly event?: string;
  /** Seconds since the start. */
  readonly at: number;
  readonly strength?: number;
  readonly changed?: boolean;
}

export function makeBook(changed: Partial<NoticeSettings> = {}) {
  const all = { ...settings, ...changed };
  const minuteOf = (wallMs: number) => Math.floor((wallMs % 86_400_000) / 60_000);
  let book = new NoticeBook(all, undefined, minuteOf);
  const nowAt = (s: number) => ({ wallMs: startMs + s * 1000, monotonicMs: s * 1000 });
  const told: Notice[] = [];
  const line = (value: object) => {
    const entry = readRecordLine(JSON.stringify(value));
    if (entry === undefined) throw new Error('not a line of a record');
    return entry;
  };
  const took = (): Notice[] => {
    const notices = book.take();
    told.push(...notices);
    return notices;
  };
  return {
    told,
    get book() {
      return book;
    },
    frame: (camera: string, s: number, facts: FrameFacts): Notice[] => {
      const { event, at, strength = 2, changed: isChanged = true } = facts;
      const entry = line({
        ...{ frame: 1, camera, epoch, sequence: 1, captured: startMs + at * 1000, offset: 0 },
        ...{ sha256: '0'.repeat(64), bytes: 10, reason: 'change', ratio: 0.1, boxes: [] },
        ...{ event, changed: isChanged, strength, delay: 0 },
      });
      book.add(camera, entry, `${camera}/2026_11_27`, nowAt(s));
      return took();
    },
    report: (
      camera: string,
      s: number,
      ended: readonly (readonly [string, number, number])[] = [],
      more = {},
    ) => {
      const entry = line({
        ...{ report: 1, camera, epoch, sequence: 2, from: startMs + s * 1000 - 60_000 },
        ...{ to: startMs + s * 1000, offset: 0, state: 'watching', compared: 60, changed: 0 },
        ...{ skipped: 0, waiting: 0, dropped: 0, every: 60_000, delay: 0, ...more },
        ended: ended.map(([event, first, last]) => {
          return { event, first: startMs + first * 1000, last: startMs + last * 1000, frames: 3 };
        }),
      });
      book.add(camera, entry, `${camera}/2026_11_27`, nowAt(s));
      return took();
    },
    gap: (camera: string, s: number, count: number, more = {}): Notice[] => {
      const entry = line({
        ...{ gap: 1, camera, epoch, sequence: 3, count, from: startMs + s * 1000 - 9000 },
        ...{ to: startMs + s * 1000 - 1000, offset: 0, why: 'size', delay: 0, ...more },
      });
      book.add(camera, entry, `${camera}/2026_11_27`, nowAt(s));
      return took();
    },
    /** @param free of 100, of which 10 must be free */
    disk: (s: number, free: number): void => book.setDisk(free, 10, nowAt(s)),
    tick: (s: number): Notice[] => {
      book.tick(nowAt(s));
      return took();
    },
    /** As the next process. */
    restart: (): void => {
      // What is written is read again, whatever was seen.
      book = new NoticeBook(
        all,
        v.parse(bookState, JSON.parse(JSON.stringify(book.state))),
        minuteOf,
      );
    },
  };
}

export const short = (notices: readonly Notice[]): string[] =>
  notices.map(({ kind, phase }) => `${kind} ${phase}`);
