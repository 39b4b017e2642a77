/** Which frames the event recorder sends: timelines with one letter per frame. */
import { describe, expect, it } from 'vitest';
import {
  type Decided,
  EventRecorder,
  type RecorderSettings,
  maxBufferedBytes,
  maxPendingFrames,
} from '../../../agent/events/event-recorder.js';
import { detectionOf, noonMs, settingsOf } from './detections.js';

/** The letters of the timelines, by reason. */
const letters = {
  ...{ first: 'f', change: 'c', scene: 's', before: 'b', after: 'a' },
  ...{ 'keep-every': 'k', all: '!' },
};
const letterOf = ({ verdict }: Decided<unknown>): string =>
  verdict.reason === undefined ? '.' : letters[verdict.reason];

/** A camera, by default with one frame a second. */
class Camera {
  readonly recorder: EventRecorder<number>;
  readonly decided: Decided<number>[] = [];
  nowMs = noonMs;
  #frame = 0;

  constructor(settings: Partial<RecorderSettings> = {}) {
    this.recorder = new EventRecorder(settingsOf(settings));
  }

  /** @param script a letter a frame: first, quiet, change, scene */
  capture(script: string, { intervalMs = 1000, byteCount = 0 } = {}): this {
    for (const letter of script) {
      const detection = detectionOf(letter);
      this.decided.push(...this.recorder.push(this.#frame++, this.nowMs, detection, byteCount));
      this.nowMs += intervalMs;
    }
    return this;
  }

  /** The decision on each frame, in the order of capture, without buffered frames. */
  get timeline(): string {
    return this.decided.map(letterOf).join('');
  }

  end(): string {
    this.decided.push(...this.recorder.finish());
    expect(this.decided.map(({ frame }) => frame)).toEqual([...Array(this.#frame).keys()]);
    return this.timeline;
  }

  /** Ids of the events of the frames, in their order. */
  get events(): (string | undefined)[] {
    return this.decided.map(({ verdict }) => verdict.event);
  }
}

const became = (script: string, settings: Partial<RecorderSettings>): string =>
  new Camera(settings).capture(script).end();

describe('EventRecorder', () => {
  it.each<[seen: string, became: string, settings: Partial<RecorderSettings>]>([
    ['fqqcccqqcq', 'f..ccc..c.', {}],
    ['fqqsqq', 'f..s..', {}],
    ['fqqfqq', 'f..f..', {}],
    ['qqc', '..c', {}],
    ['fcqcqqqqq', 'fcaca....', { after: 1 }],
    ['fcqqqqq', 'fcaaa..', { after: 3 }],
    ['fqqqcqq', 'f.bbc..', { before: 2 }],
    ['fqc', 'fbc', { before: 2 }],
    ['fqqsqq', 'fbbs..', { before: 2 }],
    // Sent only before the first change of an event.
    ['fqcqcq', 'fbc.c.', { before: 1 }],
    ['fqcqqqqqc', 'fbc....bc', { before: 1 }],
    // Never twice.
    ['fc', 'fc', { before: 2 }],
    ['fcqqqc', 'fcaabc', { before: 3, after: 2 }],
    ['fcqqqqqc', 'fca..bbc', { before: 2, after: 1 }],
    ['fqqcqfqc', 'f.bc.fbc', { before: 1 }],
  ])('makes of %s: %s, with %j', (seen, expected, settings) => {
    expect(became(seen, settings)).toBe(expected);
  });

  it.each<[seen: string, became: string, settings: Partial<RecorderSettings>]>([
    ['fqqqqqqq', 'f..k..k.', {}],
    ['fqqcqqqq', 'f..c..k.', {}],
    ['fcqqqqqq', 'fcaa..k.', { after: 2 }],
    ['fqqqqqqq', 'f..k..k.', { before: 2 }],
    // It is sent once, with the event.
    ['fqqqcqqq', 'f.bbc..k', { before: 2 }],
    ['fqqqqcqq', 'f..kbc..', { before: 1 }],
    ['fqqqq', 'f..k.', { before: 5 }],
  ])('keeps a quiet frame every 3 s, of %s: %s, with %j', (seen, expected, settings) => {
    expect(became(seen, { keepEveryMs: 3000, ...settings })).toBe(expected);
  });

  it.each<[seen: string, became: string, settings: Partial<RecorderSettings>]>([
    ['fqcqqq', 'f.....', {}],
    ['fqcccqq', 'f......', {}],
    ['fqccccq', 'f......', {}],
    ['fqcccccq', 'f.ccccc.', {}],
    ['fqqcccccq', 'f.bccccc.', { before: 1 }],
    ['fqcccccqqcqqqqcq', 'f.ccccc..c......', {}],
    // A pause of 2 s does not end the pending changes.
    ['fccqqcccq', 'fcc..ccc.', {}],
    ['fccqqcccq', 'fccaaccca', { after: 2 }],
    ['fccqqqccccq', 'f..........', {}],
    // Short changes may precede changes that last.
    ['fcqqqccccc', 'f..bbccccc', { before: 2 }],
    ['fcqqqcqqqq', 'f.........', { before: 2 }],
    // A switched light lasts for one frame.
    ['fqsqqq', 'f.s...', {}],
    ['fcqsq', 'fc.s.', {}],
    ['fcqqqqq', 'f..k..k', { keepEveryMs: 3000 }],
    // A frame for --keep-every is sent whether or not the changes around it become an event.
    ['fcccqcc', 'fccckcc', { keepEveryMs: 3000 }],
  ])('waits for 4 s of change, of %s: %s, with %j', (seen, expected, settings) => {
    expect(became(seen, { minDurationMs: 4000, ...settings })).toBe(expected);
  });

  it('gives the detection of each frame, sent or not', () => {
    const camera = new Camera({ minDurationMs: 4000, before: 1 }).capture('fcqqcqqq');
    camera.end();
    const verdicts = camera.decided.map(({ verdict }) => verdict);
    expect(verdicts.map(({ changed }) => changed)).toEqual(
      Array.from('fcqqcqqq', (letter) => letter === 'c'),
    );
    const { ratio, boxes, strength } = detectionOf('c');
    expect(verdicts[1]).toEqual({
      ...{ changed: true, event: undefined, reason: undefined },
      ...{ ratio, boxes, strength },
    });
  });

  it('decides at once when no later frame matters', () => {
    expect(new Camera().capture('fqcq').timeline).toBe('f.c.');
    expect(new Camera({ before: 2 }).capture('fqqq').timeline).toBe('f.');
    expect(new Camera({ before: 2 }).capture('fqqqc').timeline).toBe('f.bbc');
    expect(new Camera({ minDurationMs: 2000 }).capture('fcc').timeline).toBe('f');
  });

  it('decides at its end that buffered frames are not sent', () => {
    const camera = new Camera({ before: 3 }).capture('fqq');
    expect(camera.recorder.finish().map(letterOf)).toEqual(['.', '.']);
    expect(camera.recorder.buffered).toEqual([]);
  });
});

describe('an event of EventRecorder', () => {
  it('has the time of its first change as id, also in the frames around it', () => {
    const camera = new Camera({ before: 1, after: 1 }).capture('fqcqqcqqqqq');
    camera.end();
    const id = String(noonMs + 2000);
    const [none, ...others] = [undefined, id, id, id, undefined, id, id];
    expect(camera.events).toEqual([none, ...others, ...Array<undefined>(4).fill(undefined)]);
  });

  it('has the time of its first change as id with --min-duration, too', () => {
    const camera = new Camera({ minDurationMs: 2000 }).capture('fqcccq');
    camera.end();
    const id = String(noonMs + 2000);
    expect(camera.events).toEqual([undefined, undefined, id, id, id, undefined]);
  });

  it('ends after --event-gap, and the next one has another id', () => {
    const camera = new Camera({ eventGapMs: 3000 }).capture('fcqqcqqc').capture('q', {
      intervalMs: 2000,
    });
    camera.capture('c');
    const ids = camera.decided.flatMap(({ verdict }) => verdict.event ?? []);
    expect(ids.map(Number)).toEqual([1000, 4000, 7000, 7000 + 3000].map((ms) => noonMs + ms));
  });

  it('ends after a long time without frames', () => {
    const camera = new Camera({ after: 3, eventGapMs: 3000 }).capture('fc', {
      intervalMs: 86_400_000,
    });
    expect(camera.capture('qq').timeline).toBe('fc..');
  });
});

describe('EventRecorder with a clock that', () => {
  const hourMs = 3_600_000;

  it('goes back continues an open event, and does not reopen an ended one', () => {
    const camera = new Camera().capture('fc');
    camera.nowMs -= hourMs;
    camera.capture('cqqqqqqq');
    camera.nowMs -= hourMs;
    camera.capture('c');
    const [first, again, later] = camera.decided.flatMap(({ verdict }) => verdict.event ?? []);
    expect(again).toBe(first);
    expect(later).not.toBe(first);
  });

  it('goes back from a wrong future works as before', () => {
    const camera = new Camera({ before: 1, after: 1, keepEveryMs: 3000 });
    camera.nowMs += 10 * 365 * 24 * hourMs;
    camera.capture('fcqq');
    camera.nowMs = noonMs;
    expect(camera.capture('qqqqqcqqqqq').timeline).toBe('fca...k.bca..k');
  });

  it('jumps ahead does not count the jump as duration of changes', () => {
    const camera = new Camera({ minDurationMs: 5000 }).capture('fc');
    camera.nowMs += hourMs;
    expect(camera.capture('cqqq').end()).toBe('f.....');
  });

  it('jumps ahead by an hour separates changes without a quiet frame between them', () => {
    const camera = new Camera({ minDurationMs: 4000 }).capture('fc');
    camera.nowMs += hourMs;
    expect(camera.capture('ccccc').end()).toBe('f.ccccc');
  });

  it('stands still assigns every change to an event', () => {
    const camera = new Camera({ before: 1, after: 1 }).capture('fqqcqcqq', { intervalMs: 0 });
    expect(camera.end()).toBe('f.bcaca.');
  });
});

describe('the buffer of EventRecorder', () => {
  it('has at most --before frames', () => {
    const { recorder } = new Camera({ before: 3 }).capture('fqqqqqqq');
    expect(recorder.buffered.map(({ frame }) => frame)).toEqual([5, 6, 7]);
  });

  it('has at most maxBufferedBytes: the oldest frames are dropped', () => {
    const camera = new Camera({ before: 100 }).capture('f');
    camera.capture('qqqqqqqq', { byteCount: maxBufferedBytes / 4 });
    expect(camera.recorder.buffered).toHaveLength(4);
    expect(camera.capture('c').timeline).toBe('f....bbbbc');
    camera.capture('qqqqqqqqq').capture('q', { byteCount: maxBufferedBytes + 1 });
    expect(camera.recorder.buffered).toEqual([]);
  });

  it('begins an event early when it is full of pending changes', () => {
    const large = { byteCount: maxBufferedBytes / 4 };
    const camera = new Camera({ before: 2, minDurationMs: 60_000 }).capture('fqq', large);
    expect(camera.capture('cccc', large).timeline).toBe('f..');
    expect(camera.capture('c', large).timeline).toBe('f..ccccc');
    const fast = new Camera({ minDurationMs: 3_600_000 }).capture('f').capture('c'.repeat(1000));
    expect(maxPendingFrames).toBe(1000);
    expect(fast.timeline).toBe('f');
    expect(fast.capture('c').timeline).toBe(`f${'c'.repeat(1001)}`);
  });
});
