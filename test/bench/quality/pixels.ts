/** Whole frames in grey, as far as methods that look at pixels need them, and their reduction to cells. */
import jpegJs from 'jpeg-js';
import { makeGrid, type SmallPicture } from '../../../agent/detect/grid.js';

export interface GreyFrame {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 0..255, row by row. */
  readonly grey: Uint8Array;
}

export function decodeGrey(jpeg: Buffer): GreyFrame {
  const { width, height, data } = jpegJs.decode(jpeg, { tolerantDecoding: false });
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 4) {
    grey[i] = Math.round(0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!);
  }
  return { widthPx: width, heightPx: height, grey };
}

/** The mean of each cell: what the agent's decoder makes of the frame's JPEG. */
export function reduceToCells({ widthPx, heightPx, grey }: GreyFrame): SmallPicture {
  const grid = makeGrid(widthPx, heightPx);
  const { columns, rows, cellPx } = grid;
  const luma = new Float32Array(columns * rows);
  const counts = new Uint16Array(columns * rows);
  for (let y = 0, at = 0; y < heightPx; y++) {
    const row = Math.floor(y / cellPx) * columns;
    for (let x = 0; x < widthPx; x++, at++) {
      const cell = row + Math.floor(x / cellPx);
      luma[cell]! += grey[at]!;
      counts[cell]! += 1;
    }
  }
  for (let cell = 0; cell < luma.length; cell++) luma[cell]! /= counts[cell]!;
  return { ...grid, luma };
}

export function mirror({ widthPx, heightPx, grey }: GreyFrame): GreyFrame {
  const mirrored = new Uint8Array(grey.length);
  for (let y = 0; y < heightPx; y++) {
    const row = y * widthPx;
    for (let x = 0; x < widthPx; x++) mirrored[row + x] = grey[row + widthPx - 1 - x]!;
  }
  return { widthPx, heightPx, grey: mirrored };
}

/** As if the light were so many times as bright; what is too bright is white. */
export function lighten({ widthPx, heightPx, grey }: GreyFrame, factor: number): GreyFrame {
  return { widthPx, heightPx, grey: grey.map((value) => clamp(value * factor)) };
}

/** Half as wide and high; an odd last row or column is left out. */
export function halve({ widthPx, heightPx, grey }: GreyFrame): GreyFrame {
  const [halfWidthPx, halfHeightPx] = [widthPx >> 1, heightPx >> 1];
  const halved = new Uint8Array(halfWidthPx * halfHeightPx);
  for (let y = 0, i = 0; y < halfHeightPx; y++) {
    for (let x = 0; x < halfWidthPx; x++, i++) {
      const at = 2 * y * widthPx + 2 * x;
      const sum = grey[at]! + grey[at + 1]! + grey[at + widthPx]! + grey[at + widthPx + 1]!;
      halved[i] = (sum + 2) >> 2;
    }
  }
  return { widthPx: halfWidthPx, heightPx: halfHeightPx, grey: halved };
}

/** Adds what a sensor's noise adds: each pixel's own, normally distributed. The same for the same seed. */
export function addNoise(frame: GreyFrame, deviationGreys: number, seed: number): GreyFrame {
  const { widthPx, heightPx, grey } = frame;
  const noisy = new Uint8Array(grey.length);
  let state = seed;
  for (let i = 0; i < grey.length; i++) {
    // A linear congruential generator's upper bits.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    noisy[i] = clamp(grey[i]! + deviationGreys * normal[state >>> 16]!);
  }
  return { widthPx, heightPx, grey: noisy };
}

/** Normally distributed numbers, one for each 16 bits (Box and Muller). */
const normal = Float32Array.from({ length: 65_536 }, (_, i) => {
  const [radius, angle] = [(i % 256) + 0.5, (i >> 8) + 0.5];
  return Math.sqrt(-2 * Math.log(radius / 256)) * Math.cos((2 * Math.PI * angle) / 256);
});

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
