/** Decodes all coefficients of a block, for the means of its parts. Pure. */
import {
  type BlockTable,
  bitsAt,
  bitsOf,
  coefficientsOf,
  differenceOf,
  extend,
  sizeOf,
} from './block-table.js';
import { type Component, beyondRange } from './component.js';

/**
 * Stores the means of the block's tiles that are inside the frame.
 * @param sums buffer of four numbers
 * @returns the position after the block
 * @throws {OperationalError} FRAME: damaged data
 */
export function readWholeBlock(
  view: DataView,
  position: number,
  { component, table }: { readonly component: Component; readonly table: BlockTable },
  block: { readonly column: number; readonly row: number },
  sums: Float64Array,
): number {
  const dc = table.readOneDc(view, position);
  position += bitsOf(dc);
  component.dcPredictor += differenceOf(dc);
  const mean = 128 + component.dcScale * component.dcPredictor;
  if (mean < component.minMean || mean > component.maxMean) throw beyondRange();

  const { column, row } = block;
  const isInside = column < component.blocksAcross && row < component.blocksDown;
  const tiles = isInside ? component.tilesAt(column, row) : undefined;
  sums.fill(mean);
  for (let count = 1; count < 64;) {
    const entry = table.readOneAc(view, position, count);
    position += bitsOf(entry);
    count += coefficientsOf(entry);
    const size = sizeOf(entry);
    if (size === 0 || tiles === undefined) continue;
    const value = extend(bitsAt(view, position - size), size);
    for (let tile = 0, at = count - 1; at < tiles.weights.length; tile++, at += 64) {
      sums[tile]! += value * tiles.weights[at]!;
    }
  }
  if (tiles === undefined) return position;
  const perBlock = 8 / component.tilePx;
  let at = (row * component.stride + column) * perBlock;
  for (let tileRow = 0, i = 0; tileRow < tiles.rows; tileRow++, at += component.stride) {
    for (let x = 0; x < tiles.columns; x++) component.means[at + x] = sums[i++]!;
  }
  return position;
}
