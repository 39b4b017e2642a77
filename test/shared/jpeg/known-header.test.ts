/** Frames with the header of the frame before are read with what that frame's header said: nothing of its data stays. */
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';
import { divideFrame } from '../../../shared/jpeg/cell-grid.js';
import { decodePlanes } from '../../../shared/jpeg/planes.js';
import { type EncodedFrame, encodeFrame, segment } from '../../support/jpeg-encoder.js';

const steps = Array<number>(64).fill(2);
/** Colour, 4:2:0; its right and lower edge cut blocks. */
const frameOf = (seed: number, others: Partial<EncodedFrame> = {}): EncodedFrame => ({
  widthPx: 412,
  heightPx: 324,
  components: [1, 2, 3].map((id) => ({
    id,
    across: id === 1 ? 2 : 1,
    down: id === 1 ? 2 : 1,
    sample: (x, y) => (x * seed + y * id * 3) % 256,
    steps,
  })),
  ...others,
});

const cellsOf = (jpeg: Buffer) => decodePlanes(jpeg, makeGrid, { chroma: true });
/** Decoded after a frame that has nothing in common with it. */
const cellsAlone = (jpeg: Buffer) => {
  cellsOf(encodeFrame({ ...frameOf(1), widthPx: 40, segments: [segment(0xfe, [7])] }));
  return cellsOf(jpeg);
};

const first = encodeFrame(frameOf(5));
const second = encodeFrame(frameOf(9));

describe('a frame with the header of the frame before', () => {
  it.each<[string, Partial<EncodedFrame>]>([
    ['of one scan', {}],
    ['of a scan for each component', { isInterleaved: false }],
    ['with restart markers', { restartInterval: 3 }],
  ])('%s is decoded as it is alone', (_, form) => {
    const [a, b] = [encodeFrame(frameOf(5, form)), encodeFrame(frameOf(9, form))];
    const alone = [cellsAlone(a), cellsAlone(b)];
    cellsAlone(a);
    expect([cellsOf(a), cellsOf(b), cellsOf(b), cellsOf(a)]).toEqual([
      alone[0],
      alone[1],
      alone[1],
      alone[0],
    ]);
  });

  it('leaves the cells that the frame before had', () => {
    const before = cellsAlone(first);
    const copy = before.luma.slice();
    cellsOf(second);
    expect(before.luma).toEqual(copy);
  });

  it.each([
    ['ends early', (jpeg: Buffer) => jpeg.subarray(0, jpeg.length >> 1)],
    ['ends within the header', (jpeg: Buffer) => jpeg.subarray(0, 100)],
    [
      'has too few bits before its end',
      (jpeg: Buffer) => Buffer.concat([jpeg.subarray(0, -200), jpeg.subarray(-2)]),
    ],
    [
      'has a second scan for the same components',
      (jpeg: Buffer) => {
        const scan = jpeg.subarray(jpeg.lastIndexOf(Buffer.of(0xff, 0xda)));
        return Buffer.concat([jpeg.subarray(0, -2), scan]);
      },
    ],
  ])('is damaged when it %s, with the words that it has alone, and the next is whole', (_, cut) => {
    const whole = cellsAlone(first);
    const damaged = cut(second);
    const words = messageOf(() => cellsAlone(damaged));
    expect(words).toMatch(/^the JPEG is damaged/);
    cellsAlone(first);
    expect(messageOf(() => cellsOf(damaged))).toBe(words);
    expect(cellsOf(first)).toEqual(whole);
  });

  it('may have a comment after its data', () => {
    const comment = segment(0xfe, Buffer.from('a comment'));
    const commented = Buffer.concat([second.subarray(0, -2), comment, second.subarray(-2)]);
    const alone = cellsAlone(commented);
    cellsAlone(first);
    expect(cellsOf(commented)).toEqual(alone);
  });

  it('is decoded at the size of cells that is asked for', () => {
    const fineCellsOf = (jpeg: Buffer) =>
      decodePlanes(jpeg, (width, height) => divideFrame(width, height, 4), { chroma: false });
    cellsAlone(second);
    const alone = fineCellsOf(first);
    cellsAlone(first);
    expect(fineCellsOf(first)).toEqual(alone);
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}
