/** Words under a drawing: line breaks and letters. */
import { describe, expect, it } from 'vitest';
import { letterRows } from '../../../agent/detect/caption-font.js';
import { breakLines } from '../../../agent/detect/caption.js';

describe('breakLines', () => {
  it('breaks at spaces, not at spaces that do not break', () => {
    const lines = breakLines('a region of 1.4\u00a0% differs', 16 + 9 * 14, 9);
    expect(lines).toEqual(['a region of', '1.4\u00a0% differs']);
  });

  it('cuts a word that is longer than a line, and says that lines are missing', () => {
    expect(breakLines('x'.repeat(50), 16 + 9 * 10, 3)).toEqual(['x'.repeat(10)]);
    const lines = breakLines('one two three four five six', 16 + 9 * 10, 2);
    expect(lines).toEqual(['one two', 'three f...']);
    expect(breakLines('one two', 16 + 9 * 10, 2)).toEqual(['one two']);
  });
});

describe('letterRows', () => {
  const drawn = (letter: string) =>
    letterRows(letter).map((bits) =>
      bits.toString(2).padStart(9, '0').replaceAll('0', '.').replaceAll('1', '#'),
    );

  it('has the letters of the font', () => {
    expect(drawn('T').slice(2, 12)).toEqual([
      '.#######.',
      ...Array.from({ length: 9 }, () => '....#....'),
    ]);
    expect(letterRows(' ').every((bits) => bits === 0)).toBe(true);
  });

  it('draws a space that does not break as a space, and a letter that it does not have as ?', () => {
    expect(letterRows('\u00a0')).toEqual(letterRows(' '));
    expect(letterRows('ж')).toEqual(letterRows('?'));
    expect(letterRows('×')).not.toEqual(letterRows('?'));
  });
});
