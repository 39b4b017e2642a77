/** The judge's memory as bytes: the same when read back, and never trusted when it is not ours and whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/judge/grid.js';
import { Judge, type JudgeMemory } from '../../../agent/judge/judge.js';
import { decodeMemory, encodeMemory } from '../../../agent/judge/memory.js';
import { withNoise, withVisitor, yard } from './pictures.js';

const settings = { sensitivity: 0.5, minArea: 0.002, eventGapMs: 10_000 };

/** After some empty frames and one with somebody in it. */
function someMemory(visit = true): JudgeMemory {
  const empty = yard(makeGrid(163, 121));
  const judge = new Judge(settings);
  for (let i = 0; i < 5; i++) judge.judge(withNoise(empty, i), 1_000_000 + i * 1000);
  if (visit) judge.judge(withVisitor(empty, [10, 10, 6, 9]), 1_006_000);
  return judge.memory!;
}

describe('the memory', () => {
  it.each([true, false])('is the same when read back, with an event: %s', (visit) => {
    const memory = someMemory(visit);
    expect(memory.event !== undefined).toBe(visit);
    expect(decodeMemory(encodeMemory(memory))).toEqual(memory);
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
      memory.background.noise[3] = value;
      expect(decodeMemory(encodeMemory(memory))).toBe('it holds what is no number');
    }
  });

  it.each<[string, Partial<JudgeMemory>]>([
    ['no time', { capturedAtMs: Number.NaN }],
    ['an event with an impossible id', { event: { id: '../x', lastChangeAtMs: 1 } }],
    ['a frame without a size', { grid: { ...makeGrid(160, 120), frameWidthPx: 0 } }],
  ])('is of no use when its header has %s', (_, wrong) => {
    expect(decodeMemory(encodeMemory({ ...someMemory(), ...wrong }))).toBe('its header is wrong');
  });

  it('is of no use for a frame of another size than it has cells for', () => {
    const grid = makeGrid(640, 480);
    expect(decodeMemory(encodeMemory({ ...someMemory(), grid }))).toBe('its length is wrong');
  });
});
