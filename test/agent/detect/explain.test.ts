/** The drawing of `--explain`: colours of labels, boxes and mask. */
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { drawExplanation } from '../../../agent/detect/explain.js';
import { type SmallPicture, makeGrid } from '../../../agent/detect/grid.js';
import { MotionDetector } from '../../../agent/detect/motion-detector.js';
import { withVisitor, within, yard } from './pictures.js';

/** The colour in the middle of a cell. */
function colourAt(image: PNG, picture: SmallPicture, column: number, row: number) {
  const scale = image.width / picture.columns;
  const x = Math.floor((column + 0.5) * scale);
  const y = Math.floor((row + 0.5) * scale);
  const at = 4 * (y * image.width + x);
  return [...image.data.subarray(at, at + 3)] as [number, number, number];
}

const empty = yard();
const roi = new Uint8Array(80 * 60).fill(1);

describe('drawExplanation', () => {
  it('tints foreground red and speckle amber, and leaves the background grey', () => {
    const labels = new Uint8Array(80 * 60);
    labels[10 * 80 + 10] = 2;
    labels[10 * 80 + 20] = 1;
    const image = PNG.sync.read(drawExplanation(empty, { labels, roi, boxes: [] }));
    expect([image.width, image.height]).toEqual([640, 480]);

    const [red, green, blue] = colourAt(image, empty, 10, 10);
    expect(red).toBeGreaterThan(2 * Math.max(green, blue));
    const amber = colourAt(image, empty, 20, 10);
    expect(amber[0]).toBeGreaterThan(amber[1]);
    expect(amber[1]).toBeGreaterThan(amber[2] + 50);
    const [grey, ...others] = colourAt(image, empty, 30, 10);
    expect(others).toEqual([grey, grey]);
    expect(Math.abs(grey - empty.luma[10 * 80 + 30]!)).toBeLessThan(2);
  });

  it('darkens cells that the mask excludes', () => {
    const left = roi.map((_, i) => (i % 80 < 40 ? 1 : 0));
    const labels = new Uint8Array(80 * 60);
    const image = PNG.sync.read(drawExplanation(empty, { labels, roi: left, boxes: [] }));
    expect(colourAt(image, empty, 60, 4)[0]).toBeLessThan(0.6 * empty.luma[4 * 80 + 60]!);
    expect(colourAt(image, empty, 20, 4)[0]).toBeGreaterThan(0.9 * empty.luma[4 * 80 + 20]!);
  });

  it('outlines the boxes of a verdict, also at the frame’s edge', () => {
    for (const size of [makeGrid(640, 480), makeGrid(643, 477), makeGrid(1920, 1080)]) {
      const detector = new MotionDetector({ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 });
      const picture = withVisitor(yard(size), [size.columns - 9, size.rows - 9, 9, 9]);
      detector.detect(yard(size), 0);
      detector.detect(picture, 1000);
      const image = PNG.sync.read(drawExplanation(picture, detector.lastCellMap!));
      const scale = image.width / size.columns;
      const at = 4 * (Math.floor((size.rows - 9) * scale) * image.width + image.width - 30);
      expect([...image.data.subarray(at, at + 3)]).toEqual([80, 255, 80]);
    }
  });

  it('enlarges small pictures, and never makes a large one smaller', () => {
    const widthOf = (picture: SmallPicture) => {
      const cells = new Uint8Array(picture.luma.length);
      return PNG.sync.read(drawExplanation(picture, { labels: cells, roi: cells, boxes: [] }))
        .width;
    };
    expect(widthOf(yard(makeGrid(160, 120)))).toBe(640);
    expect(widthOf(yard(makeGrid(40_000, 100)))).toBe(2 * makeGrid(40_000, 100).columns);
  });

  it('tints light blue', () => {
    const labels = new Uint8Array(80 * 60);
    const cells = { labels, roi, boxes: [], lit: [10 * 80 + 10] };
    const image = PNG.sync.read(drawExplanation(empty, cells));
    const [red, , blue] = colourAt(image, empty, 10, 10);
    expect(blue).toBeGreaterThan(red + 50);
  });

  it('writes the words below the picture, which stays the same', () => {
    const cells = { labels: new Uint8Array(80 * 60), roi, boxes: [] };
    const bare = PNG.sync.read(drawExplanation(empty, cells));
    const image = PNG.sync.read(drawExplanation(empty, cells, ['12:00:00', 'Quiet: it is still.']));
    expect(image.width).toBe(bare.width);
    expect(image.height).toBeGreaterThan(bare.height + 60);
    expect(image.data.subarray(0, bare.data.length).equals(bare.data)).toBe(true);
    // The letter 1 of the title: a stem of some pixels in one column.
    const column = (x: number) =>
      Array.from(
        { length: 15 },
        (_, y) => image.data[4 * ((bare.height + 8 + y) * image.width + x)],
      );
    const bright = Array.from({ length: 9 }, (_, x) =>
      column(8 + x).filter((grey) => grey === 235),
    );
    expect(Math.max(...bright.map(({ length }) => length))).toBeGreaterThanOrEqual(9);
  });

  it('gives all drawings of a size the same size, whatever the words', () => {
    const cells = { labels: new Uint8Array(80 * 60), roi, boxes: [] };
    const heightOf = (words: string) =>
      PNG.sync.read(drawExplanation(empty, cells, ['a', words])).height;
    expect(heightOf('word '.repeat(200))).toBe(heightOf('short'));
  });

  it('draws what is brighter than white as white', () => {
    // The mean of a bright sky may be above 255: a decoder clamps samples, not their mean.
    const sky = within(empty, [0, 0, 80, 60], () => 258);
    const image = PNG.sync.read(
      drawExplanation(sky, { labels: new Uint8Array(4800), roi, boxes: [] }),
    );
    expect(colourAt(image, sky, 10, 10)).toEqual([255, 255, 255]);
  });
});
