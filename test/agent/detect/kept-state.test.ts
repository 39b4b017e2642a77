/** The judge's and the selection's memory as bytes: the same when read back, and never trusted when it is not ours and whole. */
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

/** After some empty frames, then one with somebody in it if asked; some are held then. */
function someState(visit = false, changed: Partial<RecorderSettings> = {}): KeptState {
  const empty = yard(makeGrid(163, 121));
  const detector = new MotionDetector({ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 });
  const recorder = new EventRecorder<string>({ ...rules, ...changed });
  const look = (picture: typeof empty, atMs: number): void => {
    const frame = String(atMs % 10).repeat(64);
    recorder.push(frame, atMs, detector.detect(picture, atMs), 1000);
  };
  for (let i = 0; i < 5; i++) look(withNoise(empty, i), 1_000_000 + i * 1001);
  if (visit) look(withVisitor(empty, [10, 10, 6, 9]), 1_006_000);
  const { buffered, state } = recorder;
  return { detector: detector.state!, recorder: { state: state!, buffered } };
}

describe('the memory', () => {
  it('is the same when read back', () => {
    const memory = someState();
    expect(memory.recorder.buffered).toMatchObject([{ isDue: false }, { isDue: true }]);
    expect(decodeState(encodeState(memory))).toEqual(memory);
  });

  it('is the same when read back in an event, and before one has lasted long enough', () => {
    const inEvent = someState(true);
    expect(inEvent.recorder.state).toMatchObject({ event: { id: '1006000' }, afterLeft: 3 });
    expect(decodeState(encodeState(inEvent))).toEqual(inEvent);
    const pending = someState(true, { minDurationMs: 5000 });
    expect(pending.recorder.state.pending).toMatchObject({ id: '1006000' });
    expect(pending.recorder.buffered).toHaveLength(3);
    expect(decodeState(encodeState(pending))).toEqual(pending);
  });

  it('may lie anywhere in a buffer', () => {
    const bytes = encodeState(someState());
    for (const before of [1, 2, 3]) {
      const shifted = Buffer.concat([Buffer.alloc(before), bytes]).subarray(before);
      expect(decodeState(shifted)).toEqual(decodeState(bytes));
    }
  });

  it('is of no use when it is cut off, or longer than it was', () => {
    const bytes = encodeState(someState());
    for (const length of [0, 5, 11, 14, 15, 18, 19, 30, 200, bytes.length - 4, bytes.length - 1]) {
      expect(decodeState(bytes.subarray(0, length))).toBeTypeOf('string');
    }
    expect(decodeState(Buffer.concat([bytes, Buffer.alloc(4)]))).toBe('it is damaged');
  });

  it('is of no use when any byte of it is wrong', () => {
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

  it('is of no use when it is somebody else’s', () => {
    expect(decodeState(Buffer.from('{"version": 2}'))).toBe('another version or program wrote it');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeState(Buffer.from(bytes))).toBeTypeOf('string');
      }),
    );
  });

  it('is of no use when it holds what is no number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const memory = someState();
      memory.detector.background.meanAbsDev[3] = value;
      expect(decodeState(encodeState(memory))).toBe('it holds what is no number');
    }
  });

  it.each<[string, Partial<DetectorState>, Partial<KeptRecorder>]>([
    ['no time', { capturedAtMs: Number.NaN }, {}],
    ['a frame without a size', { grid: { ...makeGrid(160, 120), frameWidthPx: 0 } }, {}],
    ['an event with an impossible id', {}, inEvent('../x', 1)],
    ['an event that changed in the future', {}, inEvent('1', -1)],
    ['a held frame that is a path', {}, holding('../../etc/passwd')],
    ['too many held frames', {}, holding(...Array<string>(2001).fill('0'.repeat(64)))],
  ])('is of no use when its header has %s', (_, detector, recorder) => {
    const memory = someState();
    const wrong = {
      detector: { ...memory.detector, ...detector },
      recorder: { ...memory.recorder, ...recorder },
    };
    expect(decodeState(encodeState(wrong))).toBe('its header is wrong');
  });

  it('is of no use for a frame of another size than it has cells for', () => {
    const memory = someState();
    const detector = { ...memory.detector, grid: makeGrid(640, 480) };
    expect(decodeState(encodeState({ ...memory, detector }))).toBe('its length is wrong');
  });
});

function inEvent(id: string, sinceChangeMs: number): Partial<KeptRecorder> {
  const event = { id, sinceChangeMs };
  return { state: { capturedAtMs: 1, event, afterLeft: 0, sinceKeptMs: 0 } };
}

function holding(...frames: readonly string[]): Partial<KeptRecorder> {
  const [template] = someState().recorder.buffered;
  return { buffered: frames.map((frame) => ({ ...template!, frame })) };
}
