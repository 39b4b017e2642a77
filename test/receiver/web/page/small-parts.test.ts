/** Keys, speeds, tiles of film strips, words, and the status of a camera. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CameraAnswer } from '../../../../receiver/web/api-types.js';
import { statusOf } from '../../../../receiver/web/page/camera-status.js';
import { filledTile, partOf, stripStep, tileAt } from '../../../../receiver/web/page/film-tiles.js';
import { actionOf } from '../../../../receiver/web/page/key-map.js';
import { advance, faster, slower, speeds } from '../../../../receiver/web/page/playback.js';
import {
  bytesText,
  eventText,
  lengthText,
  proofText,
  stateText,
  whyKept,
} from '../../../../receiver/web/page/words.js';
import { makeEvent, makeFrame } from './answers.js';

const plain = { shiftKey: false, ctrlKey: false, altKey: false, metaKey: false };

describe('keys', () => {
  it.each([
    ['ArrowRight', false, 'next-frame'],
    ['ArrowLeft', true, 'previous-event'],
    ['d', false, 'next-day'],
    ['D', true, 'previous-day'],
    ['K', false, 'keep'],
    ['?', true, 'help'],
    ['+', true, 'faster'],
    ['Tab', false, undefined],
    ['k', true, undefined],
    ['toString', false, undefined],
  ])('%s with Shift %s: %s', (key, shiftKey, action) => {
    expect(actionOf({ ...plain, key, shiftKey })).toBe(action);
  });

  it('with Ctrl, Alt or Meta are the browser’s', () => {
    for (const name of ['ctrlKey', 'altKey', 'metaKey']) {
      expect(actionOf({ ...plain, key: 's', [name]: true })).toBeUndefined();
    }
  });
});

describe('playing', () => {
  it('goes on by the time that has passed, and stops at the newest frame', () => {
    expect(advance(1000, 20, 50, 1e9)).toEqual({ at: 2000, isEnd: false });
    expect(advance(1000, 20, 50, 1500)).toEqual({ at: 1500, isEnd: true });
    expect(advance(2000, 20, 50, 1500)).toEqual({ at: 2000, isEnd: true });
  });

  it('does not leap after a pause of the page', () => {
    expect(advance(0, 60_000, 1, 1e9).at).toBe(250);
  });

  it('has a day in a minute, and a first and a last speed', () => {
    expect(speeds.at(-1)).toBe(86_400 / 60);
    expect([faster(1), faster(1440), slower(1), slower(1440)]).toEqual([2, 1440, 1, 1000]);
  });
});

describe('tiles', () => {
  it('cover each moment by one of 60', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom(5000, 60_000), (at, step) => {
        const { from, index } = tileAt(at, step);
        expect(index >= 0 && index < 60).toBe(true);
        expect(from + index * step <= at && at < from + (index + 1) * step).toBe(true);
        expect(from % (60 * step)).toBe(0);
      }),
    );
  });

  it('are coarse for a day, and fine for an hour', () => {
    expect([stripStep(86_400_000), stripStep(3_600_000)]).toEqual([60_000, 5000]);
  });

  it('are found in their image, and the last one with a frame is taken', () => {
    expect(partOf(23, 2400, 1080)).toEqual({ x: 720, y: 360, width: 240, height: 180 });
    expect(filledTile([0, 2, 0, 0], 3)).toBe(1);
    expect(filledTile([0, 0], 1)).toBeUndefined();
  });
});

describe('words', () => {
  it('say why a frame was kept', () => {
    expect(whyKept(makeFrame())).toBe('changed, strength 3.4, 3.0 % of the picture');
    expect(whyKept(makeFrame({ reason: 'before', changed: false }))).toBe('from before a change');
    expect(whyKept(makeFrame({ reason: null, changed: null }))).toBe('no reason is recorded');
    expect(whyKept(makeFrame({ ratio: 0.0001 }))).toContain('under 0.1 %');
  });

  it('say what a state is', () => {
    const state = {
      from: 0,
      to: 1,
      state: 'not-watched',
      cause: 'failing',
      why: 'no device',
    } as const;
    expect(stateText(state)).toBe('not watched: the camera does not deliver (no device)');
    expect(stateText({ ...state, state: 'quiet', cause: null, why: null })).toBe('quiet');
    expect(stateText({ ...state, cause: 'newer-word', why: null })).toBe('not watched: newer-word');
    expect(stateText(undefined)).toBe('nothing is recorded');
  });

  it('say lengths and sizes', () => {
    const lengths = [0, 2500, 8000, 90_000, 600_000, 7_800_000, 7_199_000 + 3_600_000, 3e8];
    expect(lengths.map(lengthText)).toEqual([
      ...['0 s', '2.5 s', '8 s', '90 s', '10 min', '2 h 10 min', '3 h', '3 days'],
    ]);
    expect([500, 59_957, 2.5e6, 3e9].map(bytesText)).toEqual([
      '500 B',
      '60 kB',
      '2.5 MB',
      '3.0 GB',
    ]);
    expect(eventText({ ...makeEvent(0, 8000), state: 'open' })).toBe('8 s · 3 frames, going on');
    expect([proofText('signed'), proofText('unsigned'), proofText('other-key')]).toEqual([
      ...['signed', undefined, 'evidence: other key'],
    ]);
  });
});

describe('the status of a camera', () => {
  const camera: CameraAnswer = {
    ...{ camera: 'yard', firstDay: null, lastDay: null, offset: 0, reports: true },
    ...{ lastArrival: 0, silentSince: null, state: 'watching', why: null, clockError: null },
    unclocked: 0,
    newest: makeFrame({ at: Date.UTC(2026, 10, 25, 9, 30) }),
  };
  const now = Date.UTC(2026, 10, 26, 15);
  const status = (changes: Partial<CameraAnswer>) =>
    statusOf({ ...camera, ...changes }, now, () => 0);

  it('says since when it is silent, before all else', () => {
    const silentSince = Date.UTC(2026, 10, 26, 14, 2);
    expect(status({ silentSince, state: 'failing' })).toEqual({
      ...{ kind: 'silent', text: 'silent since 14:02' },
    });
  });

  it('tells watching from failing, and neither from a camera that does not report', () => {
    expect(status({}).text).toBe('watching, last picture Wed 25 Nov 09:30');
    expect(status({ state: 'failing', why: 'no such device' })).toEqual({
      ...{ kind: 'bad', text: 'no such device' },
    });
    expect(status({ reports: false, state: null, newest: null })).toEqual({
      ...{ kind: 'plain', text: 'no picture yet' },
    });
  });

  it('says that the clock is wrong, and that pictures have no time', () => {
    expect(status({ clockError: 59_000 }).kind).toBe('good');
    expect(status({ clockError: -3 * 3_600_000, newest: null })).toEqual({
      ...{ kind: 'bad', text: 'watching; its clock is 3 h behind' },
    });
    expect(status({ unclocked: 2, reports: false, state: null, newest: null })).toEqual({
      kind: 'plain',
      text: 'no picture yet; 2 pictures came before its clock was set: see the folder unclocked',
    });
    expect(status({ unclocked: 1, clockError: 1e9, silentSince: now }).kind).toBe('silent');
  });
});
