/** Writes words under a drawing. Pure. */
import type { PNG } from 'pngjs';
import { letterHeightPx, letterRows, letterWidthPx } from './caption-font.js';

export const lineHeightPx = letterHeightPx + 3;
export const marginPx = 8;
const inkGrey = 235;

/** Letters in a line of a width. */
export function lettersIn(widthPx: number): number {
  return Math.max(4, Math.floor((widthPx - 2 * marginPx) / letterWidthPx));
}

/** Breaks a text into lines of a width, at spaces; the last of too many lines ends with `...`. */
export function breakLines(text: string, widthPx: number, maxLines: number): string[] {
  const room = lettersIn(widthPx);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= room) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = word.slice(0, room);
    }
  }
  lines.push(line);
  if (lines.length <= maxLines) return lines;
  const last = `${lines[maxLines - 1] ?? ''} ${lines[maxLines] ?? ''}`;
  return [...lines.slice(0, maxLines - 1), `${last.slice(0, room - 3).trimEnd()}...`];
}

/** @param top of the first line */
export function writeLines(image: PNG, lines: readonly string[], top: number): void {
  lines.forEach((line, index) => {
    Array.from(line).forEach((letter, column) => {
      const left = marginPx + column * letterWidthPx;
      writeLetter(image, letter, left, top + index * lineHeightPx);
    });
  });
}

function writeLetter(image: PNG, letter: string, left: number, top: number): void {
  letterRows(letter).forEach((bits, row) => {
    for (let column = 0; column < letterWidthPx; column++) {
      if (((bits >> (letterWidthPx - 1 - column)) & 1) === 0) continue;
      const [x, y] = [left + column, top + row];
      if (x >= image.width || y >= image.height) continue;
      image.data.fill(inkGrey, 4 * (y * image.width + x), 4 * (y * image.width + x) + 3);
    }
  });
}
