/** Regions drawn as text: which cells are connected, and the boxes around them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Grid } from '../../../agent/detect/grid.js';
import { boxAround, findRegions } from '../../../agent/detect/regions.js';

/** Cells drawn as text, `#` changed; cells of 8 pixels, the frame 3 pixels short of whole cells. */
function drawn(...lines: string[]): { changed: Uint8Array; grid: Grid } {
  const [columns, rows] = [lines[0]!.length, lines.length];
  const changed = Uint8Array.from(lines.join(''), (cell) => (cell === '#' ? 1 : 0));
  const frame = { frameWidthPx: columns * 8 - 3, frameHeightPx: rows * 8 - 3 };
  return { changed, grid: { columns, rows, cellPx: 8, ...frame } };
}

function sizesAndBoxes(...lines: string[]) {
  const { changed, grid } = drawn(...lines);
  return findRegions(changed, grid).map((region) => [region.length, ...boxAround(region, grid)]);
}

describe('regions', () => {
  it('are none where nothing changed', () => {
    expect(sizesAndBoxes('....', '....')).toEqual([]);
  });

  it('hold cells that touch, also at a corner, largest region first', () => {
    expect(
      sizesAndBoxes(
        '.......',
        '.#...#.', //
        '....##.',
        '...#...',
        '.......',
      ),
    ).toEqual([
      [4, 24, 8, 24, 24],
      [1, 8, 8, 8, 8],
    ]);
  });

  it('do not reach round the edges', () => {
    expect(
      sizesAndBoxes(
        '...#', //
        '#...',
      ),
    ).toHaveLength(2);
  });

  it('have boxes that end with the frame', () => {
    expect(sizesAndBoxes('##', '##')).toEqual([[4, 0, 0, 13, 13]]);
  });

  it('hold each changed cell once and no other', () => {
    const cells = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 63, maxLength: 63 });
    fc.assert(
      fc.property(cells, (bits) => {
        const changed = Uint8Array.from(bits);
        const { grid } = drawn(...Array<string>(7).fill('.'.repeat(9)));
        const found = findRegions(changed, grid).flatMap((region) => [...region]);
        expect(found.sort((a, b) => a - b)).toEqual(
          bits.flatMap((bit, cell) => (bit === 1 ? [cell] : [])),
        );
      }),
    );
  });
});
