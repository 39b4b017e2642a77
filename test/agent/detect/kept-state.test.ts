/** The judge's and the selection's memory as bytes: the same when read back, and never trusted when it is not ours and whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';
import { Judge, type JudgeMemory } from '../../../agent/detect/motion-detector.js';
import { type Memory, decodeMemory, encodeMemory } from '../../../agent/detect/kept-state.js';
import { Selection, type SelectionSettings } from '../../../agent/events/event-recorder.js';
import type { SelectionState } from '../../../agent/events/recorder-state.js';
import { withNoise, withVisitor, yard } from './pictures.js';

const rules: SelectionSettings = {
  eventGapMs: 10_000,
  minDurationMs: 0,
  before: 2,
  after: 3,
  keepEveryMs: 4000,
};

/** After some empty frames, then one with somebody in it if asked; some are held then. */
function someMemory(visit = false, changed: Partial<SelectionSettings> = {}): Memory {
  const empty = yard(makeGrid(163, 121));
  const judge = new Judge({ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 });
  const selection = new Selection<string>({ ...rules, ...changed });
  const look = (picture: typeof empty, atMs: number): void => {
    const frame = String(atMs % 10).repeat(64);
    selection.take(frame, atMs, judge.judge(picture, atMs), 1000);
  };
  for (let i = 0; i < 5; i++) look(withNoise(empty, i), 1_000_000 + i * 1001);
  if (visit) look(withVisitor(empty, [10, 10, 6, 9]), 1_006_000);
  const { held, memory } = selection;
  return { judge: judge.memory!, selection: { memory: memory!, held } };
}

describe('the memory', () => {
  it('is the same when read back', () => {
    const memory = someMemory();
    expect(memory.selection.held).toMatchObject([{ isDue: false }, { isDue: true }]);
    expect(decodeMemory(encodeMemory(memory))).toEqual(memory);
  });

  it('is the same when read back in an event, and before one has lasted long enough', () => {
    const inEvent = someMemory(true);
    expect(inEvent.selection.memory).toMatchObject({ event: { id: '1006000' }, afterLeft: 3 });
    expect(decodeMemory(encodeMemory(inEvent))).toEqual(inEvent);
    const pending = someMemory(true, { minDurationMs: 5000 });
    expect(pending.selection.memory.pending).toMatchObject({ id: '1006000' });
    expect(pending.selection.held).toHaveLength(3);
    expect(decodeMemory(encodeMemory(pending))).toEqual(pending);
  });

  it('may lie anywhere in a buffer', () => {
    const bytes = encodeMemory(someMemory());
    for (const before of [1, 2, 3]) {
      const shifted = Buffer.concat([Buffer.alloc(before), bytes]).subarray(before);
      expect(decodeMemory(shifted)).toEqual(decodeMemory(bytes));
    }
  });

  it('is of no use when it is cut off, or longer than it was', () => {
    const bytes = encodeMemory(someMemory());
    for (const length of [0, 5, 11, 14, 15, 18, 19, 30, 200, bytes.length - 4, bytes.length - 1]) {
      expect(decodeMemory(bytes.subarray(0, length))).toBeTypeOf('string');
    }
    expect(decodeMemory(Buffer.concat([bytes, Buffer.alloc(4)]))).toBe('it is damaged');
  });

  it('is of no use when any byte of it is wrong', () => {
    const bytes = encodeMemory(someMemory());
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(change, ([at, flip]) => {
        const wrong = Buffer.from(bytes);
        wrong[at]! ^= flip;
        expect(decodeMemory(wrong)).toBeTypeOf('string');
      }),
    );
  });

  it('is of no use when it is somebody else’s', () => {
    expect(decodeMemory(Buffer.from('{"version": 2}'))).toBe('another version or program wrote it');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeMemory(Buffer.from(bytes))).toBeTypeOf('string');
      }),
    );
  });

  it('is of no use when it holds what is no number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const memory = someMemory();
      memory.judge.background.noise[3] = value;
      expect(decodeMemory(encodeMemory(memory))).toBe('it holds what is no number');
    }
  });

  it.each<[string, Partial<JudgeMemory>, Partial<SelectionState>]>([
    ['no time', { capturedAtMs: Number.NaN }, {}],
    ['a frame without a size', { grid: { ...makeGrid(160, 120), frameWidthPx: 0 } }, {}],
    ['an event with an impossible id', {}, inEvent('../x', 1)],
    ['an event that changed in the future', {}, inEvent('1', -1)],
    ['a held frame that is a path', {}, holding('../../etc/passwd')],
    ['too many held frames', {}, holding(...Array<string>(2001).fill('0'.repeat(64)))],
  ])('is of no use when its header has %s', (_, judge, selection) => {
    const memory = someMemory();
    const wrong = {
      judge: { ...memory.judge, ...judge },
      selection: { ...memory.selection, ...selection },
    };
    expect(decodeMemory(encodeMemory(wrong))).toBe('its header is wrong');
  });

  it('is of no use for a frame of another size than it has cells for', () => {
    const memory = someMemory();
    const judge = { ...memory.judge, grid: makeGrid(640, 480) };
    expect(decodeMemory(encodeMemory({ ...memory, judge }))).toBe('its length is wrong');
  });
});

function inEvent(id: string, sinceChangeMs: number): Partial<SelectionState> {
  const event = { id, sinceChangeMs };
  return { memory: { capturedAtMs: 1, event, afterLeft: 0, sinceKeptMs: 0 } };
}

function holding(...frames: readonly string[]): Partial<SelectionState> {
  const [template] = someMemory().selection.held;
  return { held: frames.map((frame) => ({ ...template!, frame })) };
}
