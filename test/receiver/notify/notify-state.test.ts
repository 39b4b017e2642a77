/** What a notifier leaves to the next one: it is read whole, or not at all. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { readRecordLine } from '../../../receiver/archive/record-entry.js';
import { NoticeBook } from '../../../receiver/notify/notice-book.js';
import { noticeFacts, noticeText } from '../../../receiver/notify/notice-text.js';
import { Notifier } from '../../../receiver/notify/notifier.js';
import { type NotifyState, notifyState } from '../../../receiver/notify/notify-schema.js';
import { readNotifyState, writeNotifyState } from '../../../receiver/notify/notify-state.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';
import { temporaryDirectory } from '../../support/temporary.js';

const settings = {
  ...{ lateAfterMs: 120_000, silentAfterMs: undefined, cooldownMs: 0, mergeMs: 10_000 },
  quiet: undefined,
};
const startMs = Date.UTC(2026, 10, 27, 12);
const folder = 'yard/2026_11_27';

/** A state with something of each kind. */
function fullState(): NotifyState {
  const book = new NoticeBook(settings, undefined, () => 0);
  const now = (s: number) => ({ wallMs: startMs + s * 1000, monotonicMs: s * 1000 });
  const add = (s: number, line: object): void => {
    const entry = readRecordLine(
      JSON.stringify({ camera: 'yard', epoch: 'a'.repeat(32), sequence: 1, offset: 0, ...line }),
    );
    if (entry === undefined) throw new Error('not a line of a record');
    book.add('yard', entry, folder, now(s));
  };
  const frame = (event: string, at: number) => ({
    ...{ frame: 1, captured: startMs + at * 1000, sha256: '0'.repeat(64), bytes: 10 },
    ...{ reason: 'change', event, changed: true, strength: 2.5, boxes: [[1, 2, 3, 4]], delay: 0 },
  });
  const ended = { event: 'e9', first: startMs, last: startMs + 1, frames: 3, cut: true };
  add(0, frame('e1', 0));
  add(0, {
    ...{ gap: 1, count: 3, from: startMs, to: startMs + 9000, why: 'size', delay: 0 },
    ...{ sig: 'x', flaw: 'other-key' },
  });
  book.setDisk(1, 2, now(1));
  book.tick(now(6));
  add(600, frame('e2', 10));
  add(601, {
    ...{ report: 1, from: startMs, to: startMs + 601_000, state: 'watching', compared: 60 },
    ...{ changed: 0, skipped: 0, waiting: 0, dropped: 0, every: 60_000, delay: 0, clock: 1500 },
    ended: [{ ...ended, first: startMs + 600_000, last: startMs + 600_000 }],
  });
  const waiting = { 'ntfy at nas': book.take() };
  return { records: { [folder]: { inode: '123', endByte: 9 } }, book: book.state, waiting };
}

const unchanged = (state: unknown): unknown => JSON.parse(JSON.stringify(state));

/** Each place in a JSON value, as a path. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...path, key]))];
}

function withValue(root: unknown, path: readonly string[], put: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  const copy = (Array.isArray(root) ? [...(root as unknown[])] : { ...(root as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = withValue(copy[key], rest, put);
  return copy;
}

describe('the state of the notices', () => {
  it('is read as it was written', async () => {
    const directory = temporaryDirectory();
    const state = fullState();
    expect(state.book.groups).toHaveLength(1);
    expect(state.book.problems).toHaveLength(3);
    expect(state.waiting['ntfy at nas']?.map(({ kind }) => kind)).toEqual([
      ...['event', 'problem', 'problem', 'problem'],
    ]);
    expect(state.book.cameras.yard).toMatchObject({ late: { events: ['e2'] }, everyMs: 60_000 });
    await writeNotifyState(directory, state);
    expect(unchanged(await readNotifyState(directory))).toEqual({
      version: 1,
      ...(unchanged(state) as object),
    });
  });

  it('is refused, or works, whatever value is damaged', () => {
    const state = unchanged({ version: 1, ...fullState() });
    const places = placesOf(state).slice(1);
    const values = fc.oneof(
      fc.constantFrom<unknown>(null, {}, [], '', '../../etc/passwd', true, -1, 1e300, 8.64e15),
      fc.jsonValue(),
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...places), values, (place, put) => {
        const read = v.safeParse(notifyState, withValue(state, place, put));
        if (!read.success) {
          refused += 1;
          return;
        }
        const { book: saved, waiting } = read.output;
        const book = new NoticeBook(settings, saved, () => 0);
        book.tick({ wallMs: startMs + 7_000_000, monotonicMs: 9_000_000 });
        for (const notice of [...book.take(), ...Object.values(waiting).flat()]) {
          expect(noticeText(notice, () => 840).title).not.toBe('');
          noticeFacts(notice);
          if (notice.kind === 'event') expect(notice.best.path).toMatch(/^yard\/2026_11_27\//);
        }
        expect(v.is(notifyState, unchanged({ ...read.output, book: book.state }))).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('is set aside when it is damaged, which is said once', async () => {
    const state = temporaryDirectory();
    const directory = temporaryDirectory();
    const damaged = JSON.stringify({ version: 1, records: {}, book: { cameras: { yard: {} } } });
    writeFileSync(join(state, 'notices.json'), damaged);
    const { log, lines } = keptLog();
    const parts = { clock: new FakeClock(), log, random: () => 1 };
    const open = () =>
      Notifier.open(
        { directory, state, notices: settings, ways: [], lowDisk: { bytes: 0 } },
        parts,
      );
    await open();
    await open();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('book.cameras.yard');
    expect(lines[0]).toContain(join(state, 'notices.unusable.json'));
    expect(existsSync(join(state, 'notices.json'))).toBe(false);
    expect(readFileSync(join(state, 'notices.unusable.json'), 'utf8')).toBe(damaged);
  });
});

describe('times that no clock has', () => {
  it('are announced as the farthest ones, and end nothing', () => {
    const time = fc.oneof(fc.constantFrom(-8.64e15, 0, startMs, 8.64e15), fc.maxSafeInteger());
    const clamped = time.map((each) => Math.max(-8.64e15, Math.min(8.64e15, each)));
    const line = fc.record({
      ...{ kind: fc.constantFrom('frame', 'report'), at: clamped, to: clamped },
      ...{ clock: fc.maxSafeInteger(), strength: fc.double({ min: 0 }), frames: fc.maxSafeNat() },
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (all) => {
        const book = new NoticeBook(settings, undefined, () => 0);
        let s = 0;
        for (const { kind, at, to, clock, strength, frames } of all) {
          const common = {
            camera: 'yard',
            epoch: 'a'.repeat(32),
            sequence: 1,
            offset: 0,
            delay: 0,
          };
          const entry = readRecordLine(
            JSON.stringify(
              kind === 'frame'
                ? {
                    ...{ ...common, frame: 1, captured: at, sha256: '0'.repeat(64), bytes: 1 },
                    ...{ event: 'e1', changed: true, strength },
                  }
                : {
                    ...{ ...common, report: 1, from: Math.min(at, to), to, state: 'watching' },
                    ...{ compared: 0, changed: 0, skipped: 0, waiting: 0, dropped: 0, every: 1 },
                    ...{ clock, ended: [{ event: 'e1', first: at, last: to, frames }] },
                  },
            ),
          );
          s += 20;
          const now = { wallMs: startMs + s * 1000, monotonicMs: s * 1000 };
          if (entry !== undefined) book.add('yard', entry, folder, now);
          book.tick(now);
          for (const notice of book.take()) {
            expect(noticeText(notice, () => -840).text).not.toBe('');
            noticeFacts(notice);
          }
          const state = { version: 1, records: {}, book: book.state, waiting: {} };
          expect(v.is(notifyState, unchanged(state))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
