import { describe, expect, it } from 'vitest';
import { timeFrames, medianGapMs } from '../../../agent/replay/frame-times.js';

const startMs = Date.UTC(2026, 10, 22, 8, 30);
const times = (names: readonly string[], modifiedMs: readonly number[], fps?: number) =>
  timeFrames(names, fps, () => Promise.resolve(modifiedMs));
const timeNames = ['2026_11_22_08_30_00_000+0000.jpg', '2026_11_22_09_30_00_500+0100-2.jpg'];
/** Names without times. */
const names = (count: number) => Array.from({ length: count }, (_, i) => `frame${i}.jpg`);
const every = (gapMs: number, count: number) =>
  Array.from({ length: count }, (_, i) => startMs + gapMs * i);

describe('the times of stored frames', () => {
  it('are those of --fps when it is given', async () => {
    const expected = { capturedAtMs: [0, 400], from: 'fps' };
    expect(await times(timeNames, every(1000, 2), 2.5)).toEqual(expected);
  });

  it("are those in the receiver's file names", async () => {
    const { capturedAtMs, from } = await times(timeNames, every(7000, 2));
    expect(from).toBe('names');
    expect(capturedAtMs).toEqual([startMs, startMs + 500]);
  });

  it('are not read from the files when all names have times', async () => {
    const refuse = () => Promise.reject(new Error('asked'));
    await expect(timeFrames(timeNames, undefined, refuse)).resolves.toMatchObject({
      from: 'names',
    });
  });

  it('are not taken from names when one name has no time', async () => {
    const { from } = await times([...timeNames, 'a.jpg'], every(7000, 3));
    expect(from).toBe('files');
  });

  it.each([
    ['a camera at 10 a second', every(100, 50), 'files'],
    ['a timer', every(60_000, 5), 'files'],
    ['a copy, a millisecond a file', every(1, 50), 'assumed'],
    ['a film cut up, 50 a second', every(20, 50), 'assumed'],
    ['unpacked with one time', every(0, 50), 'assumed'],
    ['copied in another order', every(1000, 50).reverse(), 'assumed'],
    [
      'two of a hundred in the same moment',
      every(1000, 100).map((ms, i) => (i % 50 === 7 ? ms - 1000 : ms)),
      'files',
    ],
    ['a single frame', every(1000, 1), 'assumed'],
  ])('of %s', async (_, modifiedMs, from) => {
    const found = await times(names(modifiedMs.length), modifiedMs);
    expect(found.from).toBe(from);
    const assumed = modifiedMs.map((_ms, i) => i * 200);
    expect(found.capturedAtMs).toEqual(from === 'files' ? modifiedMs : assumed);
  });
});

describe('the median gap', () => {
  it('does not count a night between two days', () => {
    expect(medianGapMs([0, 100, 200, 80_000_000, 80_000_100])).toBe(100);
  });

  it('is 0 without a second frame, or with a clock that goes back', () => {
    expect([medianGapMs([]), medianGapMs([5]), medianGapMs([9, 5])]).toEqual([0, 0, 0]);
  });
});
