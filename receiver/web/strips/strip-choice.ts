/** Chooses the frame that each tile of a film strip shows. Pure. */
import { stripTiles } from '../api-types.js';

export interface StripRows {
  /** When each frame was captured, in any order. */
  readonly capturedAtMs: ArrayLike<number>;
  /** How strong the change in each frame is; NaN: unknown. */
  readonly strength: ArrayLike<number>;
}

export interface StripRange {
  /** Tile n shows `startMs + n × stepMs` ≤ time < `startMs + (n + 1) × stepMs`. */
  readonly startMs: number;
  readonly stepMs: number;
  /** Default 60. */
  readonly tiles?: number;
}

/**
 * @returns for each tile the row of its strongest frame, of equal ones the earliest; undefined: it has no frame. An
 * unknown strength is less than any number.
 * @throws {RangeError} the step is not above 0
 */
export function chooseTiles(
  { capturedAtMs, strength }: StripRows,
  { startMs, stepMs, tiles = stripTiles }: StripRange,
): (number | undefined)[] {
  if (!(stepMs > 0)) throw new RangeError(`tiles of ${stepMs} ms`);
  const best = new Array<Candidate | undefined>(tiles).fill(undefined);
  for (let row = 0; row < capturedAtMs.length; row++) {
    const atMs = capturedAtMs[row] ?? Number.NaN;
    const tile = Math.floor((atMs - startMs) / stepMs);
    if (!(tile >= 0 && tile < tiles)) continue;
    const candidate = { row, atMs, strength: strength[row] ?? Number.NaN };
    const other = best[tile];
    if (other === undefined || precedes(candidate, other)) best[tile] = candidate;
  }
  return best.map((each) => each?.row);
}

interface Candidate {
  readonly row: number;
  readonly atMs: number;
  readonly strength: number;
}

function precedes(one: Candidate, other: Candidate): boolean {
  if (one.strength > other.strength) return true;
  if (one.strength < other.strength) return false;
  const [isUnknown, isOtherUnknown] = [one, other].map((each) => Number.isNaN(each.strength));
  return isUnknown === isOtherUnknown ? one.atMs < other.atMs : isOtherUnknown === true;
}
