import { describe, expect, it } from 'vitest';
import { naturalOrder } from '../../shared/natural-order.js';

describe('names in natural order', () => {
  it('are sorted by their numbers, in any order of the input', () => {
    const sorted = [
      'cam',
      'cam01',
      'cam1',
      'cam2',
      'cam10',
      'cam10-b',
      'cam10-b2',
      'raw-10',
      'yard',
    ];
    expect(sorted.toReversed().sort(naturalOrder)).toEqual(sorted);
    expect(sorted.toSorted(naturalOrder)).toEqual(sorted);
  });

  it('are equal only when they are the same', () => {
    expect(naturalOrder('cam1', 'cam1')).toBe(0);
    expect(naturalOrder('cam1', 'cam01')).toBe(-naturalOrder('cam01', 'cam1'));
    expect(naturalOrder('cam1', 'cam01')).not.toBe(0);
  });
});
