import { describe, expect, it } from 'vitest';
import { ago, counted, humanDuration, humanSize } from '../../../shared/cli/humanize.js';

describe('humanized figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [9960, '10 kB'],
    [999_600, '1.0 MB'],
    [83_400_000_000, '83 GB'],
    [5e15, '5000 TB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(humanSize(bytes)).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [1499, '1 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [49 * 3_600_000, '2 days'],
  ])('%i ms are %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it('ago and counted', () => {
    expect(ago(1000, 6000)).toBe('5 s ago');
    expect([0, 1, 2].map((n) => counted(n, 'frame'))).toEqual(['0 frames', '1 frame', '2 frames']);
  });
});
