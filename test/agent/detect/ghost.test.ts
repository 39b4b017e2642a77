/** What an object of the first frame leaves, beside things that come, from generated frames. */
import { describe, expect, it } from 'vitest';
import { type Cells, withVisitor, within, yard } from './pictures.js';
import { Watch } from './watch.js';

const body: Cells = [30, 20, 8, 12];
/** Below the body, with a row of cells between. */
const shoes: Cells = [31, 33, 4, 3];
/** A stone, which is darker than the yard. */
const withStone = (picture = yard()) => withVisitor(picture, shoes, 40);

describe('the ghost of a person of the first frame', () => {
  /** Their shoes are as bright as the yard, and hide the stone. */
  const person = withVisitor(yard(), body);

  it.each([
    [200, 7],
    [1000, 3],
  ])(
    'is absorbed with its parts after a second and two still frames, at an interval of %i ms',
    (intervalMs, atMost) => {
      const watch = new Watch({ intervalMs });
      watch.countChanged(50, () => person);
      const changed = watch.countChanged(60, () => withStone());
      expect(changed).toBeGreaterThan(0);
      expect(changed).toBeLessThanOrEqual(atMost);
    },
  );

  it('has no part in a stone that is put far from it', () => {
    const watch = new Watch({ intervalMs: 200 });
    watch.countChanged(50, () => person);
    const far = withVisitor(yard(), [50, 33, 4, 3], 20);
    expect(watch.countChanged(60, () => far)).toBe(60);
  });

  it('has no part in a person beside it, who is larger: they took a parcel and keep still', () => {
    const parcel: Cells = [39, 26, 5, 5];
    const watch = new Watch({ intervalMs: 200 });
    watch.countChanged(50, () => withVisitor(yard(), parcel, 20));
    const taken = within(yard(), body, (_, column, row) => 200 + 10 * ((column + row) % 4));
    expect(watch.countChanged(60, () => taken)).toBe(60);
  });
});
