/** Synthetic small pictures and JPEGs for the detector's tests, and the frames of a recorded visit. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import jpegJs from 'jpeg-js';
import { type Grid, type SmallPicture, makeGrid } from '../../../agent/detect/grid.js';

/** 80×60 cells. */
export const vga = makeGrid(640, 480);

/** Left, top, width, height in cells. */
export type Cells = readonly [left: number, top: number, width: number, height: number];

/** A yard: brightness rises from left to right and falls in stripes from top to bottom. */
export function yard(grid: Grid = vga): SmallPicture {
  const luma = Float32Array.from({ length: grid.columns * grid.rows }, (_, i) => {
    const column = i % grid.columns;
    const row = Math.floor(i / grid.columns);
    return 60 + (100 * column) / grid.columns + 20 * ((row >> 3) % 2);
  });
  return { ...grid, luma };
}

/** The picture with each cell of an area changed. */
export function within(
  picture: SmallPicture,
  [left, top, width, height]: Cells,
  change: (luma: number, column: number, row: number) => number,
): SmallPicture {
  const luma = picture.luma.slice();
  for (let row = top; row < top + height; row++) {
    for (let column = left; column < left + width; column++) {
      const i = row * picture.columns + column;
      luma[i] = change(luma[i]!, column, row);
    }
  }
  return { ...picture, luma };
}

/** The picture with a visitor: an area brighter than everything else. */
export function withVisitor(picture: SmallPicture, cells: Cells, level = 230): SmallPicture {
  return within(picture, cells, () => level);
}

/** Sensor noise, reproducible by its seed. */
export function withNoise(picture: SmallPicture, seed: number, greys = 2): SmallPicture {
  const random = randomFrom(seed);
  return { ...picture, luma: picture.luma.map((luma) => luma + greys * (random() * 2 - 1)) };
}

/** Numbers from 0 to 1, a linear congruential generator. */
export function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761 + 12_345;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function encodeJpeg(
  widthPx: number,
  heightPx: number,
  colour: (x: number, y: number) => readonly [number, number, number],
): Buffer {
  const data = Buffer.alloc(widthPx * heightPx * 4, 255);
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, at += 4) data.set(colour(x, y), at);
  }
  return jpegJs.encode({ width: widthPx, height: heightPx, data }, 85).data;
}

const folder = new URL('../../fixtures/visit/', import.meta.url);

/** The frames in their order; `isVisit`: the person is in view. */
export const visitFrames = readdirSync(fileURLToPath(folder))
  .filter((name) => name.endsWith('.jpg'))
  .sort()
  .map((name) => ({
    name,
    jpeg: readFileSync(new URL(name, folder)),
    isVisit: name >= 'f00233.jpg' && name <= 'f00449.jpg',
  }));
