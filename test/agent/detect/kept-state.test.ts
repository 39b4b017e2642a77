/** The kept state of detector and recorder: a round trip keeps it; foreign and damaged bytes are rejected. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';
import { MotionDetector, type DetectorState } from '../../../agent/detect/motion-detector.js';
import { type KeptState, decodeState, encodeState } from '../../../agent/detect/kept-state.js';
import { EventRecorder, type RecorderSettings } from '../../../agent/events/event-recorder.js';
import type { KeptRecorder } from '../../../agent/events/recorder-state.js';
import { withNoise, withVisitor, yard } from './pictures.js';

const rules: RecorderSettings = {
  eventGapMs: 10_000,
  minDurationMs: 0,
  before: 2,
  after: 3,
  keepEveryMs: 4000,
};

/** The state after five empty frames, and one with a visitor on request; some frames are buffered. */
function someState(visit = false, changed: Partial<RecorderSettings> = {}): KeptState {
  const empty = yard(makeGrid(163, 121));
  const detector = new MotionDetector({ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 });
  const recorder = new EventRecorder<string>({ ...rules, ...changed });
  const process = (picture: typeof empty, atMs: number): void => {
    const frame = String(atMs % 10).repeat(64);
    recorder.push(frame, atMs, detector.detect(picture, atMs), 1000);
  };
  for (let i = 0; i < 5; i++) process(withNoise(empty, i), 1_000_000 + i * 1001);
  if (visit) process(withVisitor(empty, [10, 10, 6, 9]), 1_006_000);
  const { buffered, state } = recorder;
  return { detector: detector.state!, recorder: { state: state!, buffered } };
}

describe('the kept state', () => {
  it('is the same after a round trip', () => {
    const kept = someState();
    expect(kept.recorder.buffered).toMatchObject([{ isDue: false }, { isDue: true }]);
    expect(decodeState(encodeState(kept))).toEqual(kept);
  });

  it('is the same after a round trip in an event, and with a pending event', () => {
    const inEvent = someState(true);
    expect(inEvent.recorder.state).toMatchObject({ event: { id: '1006000' }, afterLeft: 3 });
    expect(decodeState(encodeState(inEvent))).toEqual(inEvent);
    const pending = someState(true, { minDurationMs: 5000 });
    expect(pending.recorder.state.pending).toMatchObject({ id: '1006000' });
    expect(pending.recorder.buffered).toHaveLength(3);
    expect(decodeState(encodeState(pending))).toEqual(pending);
  });

  it('can have any alignment in a buffer', () => {
    const bytes = encodeState(someState());
    for (const before of [1, 2, 3]) {
      const shifted = Buffer.concat([Buffer.alloc(before), bytes]).subarray(before);
      expect(decodeState(shifted)).toEqual(decodeState(bytes));
    }
  });

  it('is rejected when it is truncated or has extra bytes', () => {
    const bytes = encodeState(someState());
    for (const length of [0, 5, 11, 14, 15, 18, 19, 30, 200, bytes.length - 4, bytes.length - 1]) {
      expect(decodeState(bytes.subarray(0, length))).toBeTypeOf('string');
    }
    expect(decodeState(Buffer.concat([bytes, Buffer.alloc(4)]))).toBe('CRC-32 mismatch');
  });

  it('is rejected when any byte is wrong', () => {
    const bytes = encodeState(someState());
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(change, ([at, flip]) => {
        const wrong = Buffer.from(bytes);
        wrong[at]! ^= flip;
        expect(decodeState(wrong)).toBeTypeOf('string');
      }),
    );
  });

  it('is rejected when another program wrote it', () => {
    expect(decodeState(Buffer.from('{"version": 2}'))).toBe('written by another program');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeState(Buffer.from(bytes))).toBeTypeOf('string');
      }),
    );
  });

  it.each([
    ['3', 'written by an older version of the agent: format 3, and this agent has format 4'],
    ['5', 'written by a newer version of the agent: format 5, and this agent has format 4'],
    ['12', 'written by a newer version of the agent: format 12, and this agent has format 4'],
  ])('is rejected when it has format %s, although its bytes would fit', (format, reason) => {
    const body = encodeState(someState()).subarray('PICCJUDGE4\n'.length);
    expect(decodeState(Buffer.concat([Buffer.from(`PICCJUDGE${format}\n`), body]))).toBe(reason);
  });

  it('is rejected when a value is not finite', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const kept = someState();
      kept.detector.background.meanAbsDev[3] = value;
      expect(decodeState(encodeState(kept))).toBe('a value of the background is invalid');
    }
  });

  it.each<[string, Partial<DetectorState>, Partial<KeptRecorder>]>([
    ['no time', { capturedAtMs: Number.NaN }, {}],
    ['a frame without a size', { grid: { ...makeGrid(160, 120), frameWidthPx: 0 } }, {}],
    ['an event with an impossible id', {}, inEvent('../x', 1)],
    ['an event that changed in the future', {}, inEvent('1', -1)],
    ['a buffered frame that is a path', {}, buffering('../../etc/passwd')],
    ['too many buffered frames', {}, buffering(...Array<string>(2001).fill('0'.repeat(64)))],
  ])('is rejected when its header has %s', (_, detector, recorder) => {
    const kept = someState();
    const wrong = {
      detector: { ...kept.detector, ...detector },
      recorder: { ...kept.recorder, ...recorder },
    };
    expect(decodeState(encodeState(wrong))).toBe('invalid header');
  });

  it('is rejected when the number of cells does not match the frame size', () => {
    const kept = someState();
    const detector = { ...kept.detector, grid: makeGrid(640, 480) };
    expect(decodeState(encodeState({ ...kept, detector }))).toMatch(/^\d+ bytes, expected \d+$/);
  });
});

function inEvent(id: string, sinceChangeMs: number): Partial<KeptRecorder> {
  const event = { id, sinceChangeMs };
  return { state: { capturedAtMs: 1, event, afterLeft: 0, sinceKeptMs: 0 } };
}

function buffering(...frames: readonly string[]): Partial<KeptRecorder> {
  const [template] = someState().recorder.buffered;
  return { buffered: frames.map((frame) => ({ ...template!, frame })) };
}
