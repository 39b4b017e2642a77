/** What the retained topics hold, after lines of a record. */
import { describe, expect, it } from 'vitest';
import { readRecordLine } from '../../../../receiver/archive/record-entry.js';
import { type HomeSettings, HomeStates } from '../../../../receiver/notify/mqtt/home-states.js';
import { type BookState, NoticeBook } from '../../../../receiver/notify/notice-book.js';

const settings: HomeSettings = {
  ...{ receiver: '5f0c2a91', hostName: 'laptop', version: '0.2.0', viewer: 'http://laptop:8080/' },
  ...{ hasPicture: true, hasNewest: false, prefix: 'homeassistant', newestEveryMs: 10_000 },
};
const startMs = Date.UTC(2026, 10, 27, 12);
const yard = 'picchanged/5f0c2a91/yard';

/** Moments are seconds since the start. */
function makeStates(changed: Partial<HomeSettings> = {}) {
  const times = { lateAfterMs: 120_000, silentAfterMs: undefined, cooldownMs: 0, mergeMs: -1 };
  const newBook = (saved?: BookState) =>
    new NoticeBook({ ...times, quiet: undefined }, saved, () => 0);
  let book = newBook();
  const states = new HomeStates({ ...settings, ...changed });
  const nowAt = (s: number) => ({ wallMs: startMs + s * 1000, monotonicMs: s * 1000 });
  const add = (s: number, camera: string, value: object): void => {
    const common = { camera, epoch: 'a'.repeat(32), sequence: 1, offset: 0, delay: 0 };
    const line = readRecordLine(JSON.stringify({ ...common, ...value }));
    if (line === undefined) throw new Error('not a line of a record');
    const folder = `${camera}/2026_11_27`;
    states.addLine({ camera, folder, line, isHistory: false });
    book.add(camera, line, folder, nowAt(s));
  };
  const at = (s: number): number => startMs + s * 1000;
  return {
    states,
    restart: () => (book = newBook(book.state)),
    frame: (s: number, strength: number, event = 'e1', camera = 'yard') =>
      add(s, camera, {
        ...{ frame: 1, captured: at(s), sha256: String(strength).repeat(64), bytes: 10 },
        ...{ reason: 'change', event, changed: true, strength, ratio: 0.03, boxes: [[1, 2, 3, 4]] },
      }),
    report: (s: number, ended: readonly string[] = [], more: object = {}) =>
      add(s, 'yard', {
        ...{ report: 1, from: at(s), to: at(s), state: 'watching', compared: 9, changed: 0 },
        ...{ skipped: 0, waiting: 3, dropped: 1, every: 60_000, ...more },
        ended: ended.map((event) => ({ event, first: at(0), last: at(s), frames: 4 })),
      }),
    look: (s: number) => {
      book.tick(nowAt(s));
      const contents = states.addLook({ notices: book.take(), book: book.state, now: nowAt(s) });
      const text = (topic: string): string | undefined => {
        const content = contents.get(topic);
        return content?.kind === 'text' ? content.text : undefined;
      };
      const json = (topic: string): unknown => JSON.parse(text(topic) ?? 'null');
      return { contents, text, json };
    },
  };
}

describe('the states', () => {
  it('of an event: motion, facts and the best picture, from begin to end', () => {
    const { frame, report, look } = makeStates();
    report(0);
    expect(look(0).text(`${yard}/motion`)).toBe('OFF');
    frame(1, 2);
    const begin = look(1);
    expect(begin.text(`${yard}/motion`)).toBe('ON');
    const path = 'yard/2026_11_27/2026_11_27_12_00_01_000+0000.jpg';
    expect(begin.contents.get(`${yard}/event/picture`)).toMatchObject({ kind: 'frame', path });
    frame(2, 3);
    // Before the book announces it: at most one picture for each look.
    expect(look(2).contents.get(`${yard}/event/picture`)).toMatchObject({ sha256: '3'.repeat(64) });
    frame(3, 1);
    expect(look(3).contents.get(`${yard}/event/picture`)).toMatchObject({ sha256: '3'.repeat(64) });
    report(5, ['e1']);
    const end = look(5);
    expect(end.text(`${yard}/motion`)).toBe('OFF');
    expect(end.json(`${yard}/event/last`)).toMatchObject({
      ...{
        event_type: 'end',
        id: 'e1',
        camera: 'yard',
        frames: 4,
        seconds: 5,
        strength: 3,
        ratio: 0.03,
      },
      ...{ captured: '2026-11-27T12:00:02.000Z', seen: [[1, 2, 3, 4]] },
      link: 'http://laptop:8080/#camera=yard&at=2026-11-27T12:00:02.000Z',
    });
    expect(end.contents.get(`${yard}/event/picture`)).toMatchObject({ sha256: '3'.repeat(64) });
  });

  it('of cameras that see the same thing are apart', () => {
    const { frame, look } = makeStates();
    frame(1, 2, 'e1', 'yard');
    frame(1, 2, 'e7', 'door');
    const { text, json } = look(1);
    expect(text('picchanged/5f0c2a91/door/motion')).toBe('ON');
    expect(json('picchanged/5f0c2a91/door/event/last')).toMatchObject({ id: 'e7' });
    expect(json(`${yard}/event/last`)).toMatchObject({ id: 'e1' });
  });

  it('of a camera that falls silent end its event, and say so', () => {
    const { frame, report, look } = makeStates();
    report(0);
    frame(1, 2);
    expect(look(1).json(`${yard}/state`)).toEqual({
      ...{ lastFrame: '2026-11-27T12:00:01.000Z', lastHeard: '2026-11-27T12:00:01.000Z' },
      ...{ waiting: 3, dropped: 1, coverage: 'changed', silent: false },
    });
    const { text, json } = look(300);
    expect(text(`${yard}/availability`)).toBe('offline');
    expect(text(`${yard}/motion`)).toBe('OFF');
    expect(json(`${yard}/state`)).toMatchObject({ coverage: 'unknown', silent: true });
    report(310, [], { state: 'failing' });
    const back = look(310);
    expect(back.text(`${yard}/availability`)).toBe('online');
    expect(back.json(`${yard}/state`)).toMatchObject({ coverage: 'not watched', silent: false });
  });

  it('of a camera that was gone before the notices began say so too', () => {
    const { report, look, restart } = makeStates();
    report(0);
    restart();
    const { text, json } = look(2 * 86_400);
    expect(text(`${yard}/availability`)).toBe('offline');
    expect(json(`${yard}/state`)).toMatchObject({ coverage: 'unknown', silent: true });
  });

  it('that change with each frame are published twice a minute', () => {
    const { report, look } = makeStates();
    report(0);
    const first = look(0).text(`${yard}/state`);
    report(5, [], { waiting: 4 });
    expect(look(5).text(`${yard}/state`)).toBe(first);
    expect(look(30).json(`${yard}/state`)).toMatchObject({ waiting: 4 });
  });

  it('that are not known yet are null', () => {
    const { states, frame, look } = makeStates();
    frame(1, 2);
    expect(look(1).json(`${yard}/state`)).toMatchObject({ waiting: null, coverage: 'unknown' });
    expect(look(1).contents.has('picchanged/5f0c2a91/state')).toBe(false);
    states.setStore({ freeBytes: 5, stored: 7 });
    expect(look(2).json('picchanged/5f0c2a91/state')).toEqual({ freeBytes: 5, stored: 7 });
  });

  it('have no picture where none may go, and take back an earlier one', () => {
    const { frame, look } = makeStates({ hasPicture: false });
    frame(1, 2);
    const { contents, text } = look(1);
    expect(text(`${yard}/event/picture`)).toBe('');
    expect([...contents.values()].filter(({ kind }) => kind === 'frame')).toEqual([]);
  });

  it('have the newest frame, at most once in its time', () => {
    const { frame, look } = makeStates({ hasNewest: true });
    const newest = (s: number) => look(s).contents.get(`${yard}/newest`);
    frame(1, 1);
    expect(newest(1)).toMatchObject({ sha256: '1'.repeat(64) });
    frame(5, 2);
    expect(newest(5)).toMatchObject({ sha256: '1'.repeat(64) });
    expect(newest(11)).toMatchObject({ sha256: '2'.repeat(64) });
  });

  it('name the receiver before its cameras', () => {
    const { report, look } = makeStates();
    report(0);
    const configs = [...look(0).contents.keys()].filter((topic) => topic.endsWith('/config'));
    expect(configs).toEqual([
      'homeassistant/device/picchanged_5f0c2a91/config',
      'homeassistant/device/picchanged_5f0c2a91_yard/config',
    ]);
  });
});
