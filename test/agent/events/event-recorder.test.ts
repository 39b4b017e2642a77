/** Which frames are sent: timelines with made-up times, one letter a frame. */
import { describe, expect, it } from 'vitest';
import {
  type Decided,
  EventRecorder,
  type RecorderSettings,
  maxBufferedBytes,
  maxPendingFrames,
} from '../../../agent/events/event-recorder.js';
import { detectionOf, noonMs, settingsOf } from './detections.js';

/** By reason, in the language of the timelines. */
const letters = {
  ...{ first: 'f', change: 'c', scene: 's', before: 'b', after: 'a' },
  ...{ 'keep-every': 'k', all: '!' },
};
const letterOf = ({ verdict }: Decided<unknown>): string =>
  verdict.reason === undefined ? '.' : letters[verdict.reason];

/** A camera with a frame a second, unless said. */
class Camera {
  readonly recorder: EventRecorder<number>;
  readonly decided: Decided<number>[] = [];
  nowMs = noonMs;
  #frame = 0;

  constructor(settings: Partial<RecorderSettings> = {}) {
    this.recorder = new EventRecorder(settingsOf(settings));
  }

  /** @param script a letter a frame: first, quiet, change, scene */
  look(script: string, { intervalMs = 1000, byteCount = 0 } = {}): this {
    for (const letter of script) {
      const detection = detectionOf(letter);
      this.decided.push(...this.recorder.push(this.#frame++, this.nowMs, detection, byteCount));
      this.nowMs += intervalMs;
    }
    return this;
  }

  /** What became of each frame, in their order; what is held comes last. */
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
  new Camera(settings).look(script).end();

describe('a recorder', () => {
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
    // Only before the first change of an event.
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
    // Somebody who is not seen for 2 s has stayed.
    ['fccqqcccq', 'fcc..ccc.', {}],
    ['fccqqcccq', 'fccaaccca', { after: 2 }],
    ['fccqqqccccq', 'f..........', {}],
    // Changes that did not last may come before some that do.
    ['fcqqqccccc', 'f..bbccccc', { before: 2 }],
    ['fcqqqcqqqq', 'f.........', { before: 2 }],
    // A switched light lasts for one frame.
    ['fqsqqq', 'f.s...', {}],
    ['fcqsq', 'fc.s.', {}],
    ['fcqqqqq', 'f..k..k', { keepEveryMs: 3000 }],
    // A kept frame stays one, whatever becomes of the changes around it.
    ['fcccqcc', 'fccckcc', { keepEveryMs: 3000 }],
  ])('waits for 4 s of change, of %s: %s, with %j', (seen, expected, settings) => {
    expect(became(seen, { minDurationMs: 4000, ...settings })).toBe(expected);
  });

  it('tells what the frame shows, whatever becomes of it', () => {
    const camera = new Camera({ minDurationMs: 4000, before: 1 }).look('fcqqcqqq');
    camera.end();
    const verdicts = camera.decided.map(({ verdict }) => verdict);
    expect(verdicts.map(({ changed }) => changed)).toEqual(
      Array.from('fcqqcqqq', (letter) => letter === 'c'),
    );
    const { ratio, boxes, strength } = detectionOf('c');
    expect(verdicts[1]).toEqual({
      ...{ changed: true, event: undefined, sent: false, reason: undefined },
      ...{ ratio, boxes, strength },
    });
  });

  it('tells at once what it knows at once', () => {
    expect(new Camera().look('fqcq').timeline).toBe('f.c.');
    expect(new Camera({ before: 2 }).look('fqqq').timeline).toBe('f.');
    expect(new Camera({ before: 2 }).look('fqqqc').timeline).toBe('f.bbc');
    expect(new Camera({ minDurationMs: 2000 }).look('fcc').timeline).toBe('f');
  });

  it('says at its end that what it held is not sent', () => {
    const camera = new Camera({ before: 3 }).look('fqq');
    expect(camera.recorder.finish().map(letterOf)).toEqual(['.', '.']);
    expect(camera.recorder.buffered).toEqual([]);
  });
});

describe('an event', () => {
  it('has the time of its first change for its id, also of the frames around it', () => {
    const camera = new Camera({ before: 1, after: 1 }).look('fqcqqcqqqqq');
    camera.end();
    const id = String(noonMs + 2000);
    const [none, ...others] = [undefined, id, id, id, undefined, id, id];
    expect(camera.events).toEqual([none, ...others, ...Array<undefined>(4).fill(undefined)]);
  });

  it('that had to last has the time of its first change too', () => {
    const camera = new Camera({ minDurationMs: 2000 }).look('fqcccq');
    camera.end();
    const id = String(noonMs + 2000);
    expect(camera.events).toEqual([undefined, undefined, id, id, id, undefined]);
  });

  it('ends with a gap, and the next one has another id', () => {
    const camera = new Camera({ eventGapMs: 3000 }).look('fcqqcqqc').look('q', {
      intervalMs: 2000,
    });
    camera.look('c');
    const ids = camera.decided.flatMap(({ verdict }) => verdict.event ?? []);
    expect(ids.map(Number)).toEqual([1000, 4000, 7000, 7000 + 3000].map((ms) => noonMs + ms));
  });

  it('is over for what comes after a long time without frames', () => {
    const camera = new Camera({ after: 3, eventGapMs: 3000 }).look('fc', {
      intervalMs: 86_400_000,
    });
    expect(camera.look('qq').timeline).toBe('fc..');
  });
});

describe('a clock that', () => {
  const hourMs = 3_600_000;

  it('goes back leaves an event whole, and one that was over over', () => {
    const camera = new Camera().look('fc');
    camera.nowMs -= hourMs;
    camera.look('cqqqqqqq');
    camera.nowMs -= hourMs;
    camera.look('c');
    const [first, again, later] = camera.decided.flatMap(({ verdict }) => verdict.event ?? []);
    expect(again).toBe(first);
    expect(later).not.toBe(first);
  });

  it('goes back from a wrong future lets everything go on as it should', () => {
    const camera = new Camera({ before: 1, after: 1, keepEveryMs: 3000 });
    camera.nowMs += 10 * 365 * 24 * hourMs;
    camera.look('fcqq');
    camera.nowMs = noonMs;
    expect(camera.look('qqqqqcqqqqq').timeline).toBe('fca...k.bca..k');
  });

  it('leaps ahead is no change that lasted', () => {
    const camera = new Camera({ minDurationMs: 5000 }).look('fc');
    camera.nowMs += hourMs;
    expect(camera.look('cqqq').end()).toBe('f.....');
  });

  it('leaves out an hour parts changes that no quiet frame parts', () => {
    const camera = new Camera({ minDurationMs: 4000 }).look('fc');
    camera.nowMs += hourMs;
    expect(camera.look('ccccc').end()).toBe('f.ccccc');
  });

  it('stands still makes every change an event’s', () => {
    const camera = new Camera({ before: 1, after: 1 }).look('fqqcqcqq', { intervalMs: 0 });
    expect(camera.end()).toBe('f.bcaca.');
  });
});

describe('what is held', () => {
  it('is as many frames as are to be sent before an event', () => {
    const { recorder } = new Camera({ before: 3 }).look('fqqqqqqq');
    expect(recorder.buffered.map(({ frame }) => frame)).toEqual([5, 6, 7]);
  });

  it('takes no more memory than it may: the oldest go', () => {
    const camera = new Camera({ before: 100 }).look('f');
    camera.look('qqqqqqqq', { byteCount: maxBufferedBytes / 4 });
    expect(camera.recorder.buffered).toHaveLength(4);
    expect(camera.look('c').timeline).toBe('f....bbbbc');
    camera.look('qqqqqqqqq').look('q', { byteCount: maxBufferedBytes + 1 });
    expect(camera.recorder.buffered).toEqual([]);
  });

  it('begins an event early rather than lose what changed', () => {
    const large = { byteCount: maxBufferedBytes / 4 };
    const camera = new Camera({ before: 2, minDurationMs: 60_000 }).look('fqq', large);
    expect(camera.look('cccc', large).timeline).toBe('f..');
    expect(camera.look('c', large).timeline).toBe('f..ccccc');
    const fast = new Camera({ minDurationMs: 3_600_000 }).look('f').look('c'.repeat(1000));
    expect(maxPendingFrames).toBe(1000);
    expect(fast.timeline).toBe('f');
    expect(fast.look('c').timeline).toBe(`f${'c'.repeat(1001)}`);
  });
});
