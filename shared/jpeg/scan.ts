/**
 * Decodes the entropy-coded data of one scan of a sequential Huffman-coded frame (ITU-T T.81, F.2) and stores the
 * mean of each block. Pure.
 */
import { type BitWindow } from './bit-window.js';
import { type BlockTable, lookupBits, noEntry } from './block-table.js';
import { type Component, beyondRange } from './component.js';
import { damaged } from './frame-error.js';
import { endsTooSoon, hex } from './markers.js';
import { readWholeBlock } from './whole-block.js';

export interface ScanPart {
  readonly component: Component;
  readonly table: BlockTable;
}

/** A block of an MCU. */
interface Unit {
  readonly component: Component;
  readonly table: BlockTable;
  /** Position of the block: position of the MCU × sampling factors + these offsets. */
  readonly column: number;
  readonly row: number;
  readonly hSampling: number;
  readonly vSampling: number;
  /** True: all coefficients are needed. False: DC only. */
  readonly isWhole: boolean;
}

interface Layout {
  readonly mcusAcross: number;
  readonly mcusDown: number;
  readonly units: readonly Unit[];
  /** For MCUs in the last column or row. */
  readonly edgeUnits: readonly Unit[];
}

/**
 * Upper limit of bytes between the last bits of a scan or restart interval and the marker. T.81 allows none; common
 * webcams write up to ten before a restart marker, and hardware encoders pad to a word.
 */
const maxSpareBytes = 16;

export interface Scan {
  /** One component, or several in an interleaved scan. */
  readonly parts: readonly ScanPart[];
  readonly mcusAcross: number;
  readonly mcusDown: number;
  /** MCUs between restart markers; 0: no restart markers. */
  readonly restartInterval: number;
}

/**
 * @param start offset of the entropy-coded data in the JPEG @returns the offset of the marker after them
 * @throws {OperationalError} FRAME: damaged data
 */
export function readScan(jpeg: Buffer, start: number, bits: BitWindow, scan: Scan): number {
  const layout = makeLayout(scan);
  const mcuCount = scan.mcusAcross * scan.mcusDown;
  const interval = scan.restartInterval === 0 ? mcuCount : scan.restartInterval;
  let at = start;
  for (let mcu = 0, count = 0; mcu < mcuCount; mcu += interval, count++) {
    if (count > 0) {
      const expected = 0xd0 + ((count - 1) & 7);
      if (jpeg[at + 1] !== expected) throw damaged(wrongMarker(jpeg[at + 1], expected));
      at += 2;
    }
    bits.start(at);
    for (const { component } of scan.parts) component.dcPredictor = 0;
    const position = readMcus(bits, layout, mcu, Math.min(mcuCount, mcu + interval));
    at = bits.end(position, maxSpareBytes);
  }
  return at;
}

/** @returns the position after the last MCU */
function readMcus(bits: BitWindow, layout: Layout, from: number, to: number): number {
  const { view } = bits;
  const { mcusAcross, mcusDown } = layout;
  const shift = 32 - lookupBits;
  const sums = new Float64Array(4);
  let position = 0;
  let mcuRow = Math.floor(from / mcusAcross);
  let mcuColumn = from - mcuRow * mcusAcross;
  for (let mcu = from; mcu < to; mcu++) {
    if (position > bits.readableBits) position = bits.refill(position);
    const isEdge = mcuColumn === mcusAcross - 1 || mcuRow === mcusDown - 1;
    const units = isEdge ? layout.edgeUnits : layout.units;
    for (let i = 0; i < units.length; i++) {
      const unit = units[i]!;
      const { component, table } = unit;
      const { dcLookup, acLookup } = table;
      const column = mcuColumn * unit.hSampling + unit.column;
      const row = mcuRow * unit.vSampling + unit.row;
      if (unit.isWhole) {
        position = readWholeBlock(view, position, unit, { column, row }, sums);
        continue;
      }
      // The accessors of block-table.ts, inlined by hand: a one-shot run ends before the JIT compiler inlines them.
      let next = view.getInt32(position >>> 3) << (position & 7);
      let entry = dcLookup[next >>> shift]!;
      if ((entry & noEntry) === noEntry) entry = table.readDc(view, position);
      position += entry & 31;
      let coefficients = (entry >>> 5) & 255;
      component.dcPredictor += entry >> 20;
      const mean = 128 + component.dcScale * component.dcPredictor;
      if (mean < component.minMean || mean > component.maxMean) throw beyondRange();
      component.means[row * component.stride + column] = mean;
      while (coefficients < 64) {
        next = view.getInt32(position >>> 3) << (position & 7);
        entry = acLookup[next >>> shift]!;
        let sum = coefficients + ((entry >>> 5) & 255);
        if ((sum & 64) !== 0) {
          entry = table.readAc(view, position, coefficients);
          sum = coefficients + ((entry >>> 5) & 255);
        }
        position += entry & 31;
        coefficients = sum;
      }
    }
    mcuColumn += 1;
    if (mcuColumn === mcusAcross) {
      mcuColumn = 0;
      mcuRow += 1;
    }
  }
  return position;
}

function makeLayout({ parts, mcusAcross, mcusDown }: Scan): Layout {
  const isInterleaved = parts.length > 1;
  const unitsOf = (isEdge: boolean): Unit[] =>
    parts.flatMap(({ component, table }) => {
      const hSampling = isInterleaved ? component.header.hSampling : 1;
      const vSampling = isInterleaved ? component.header.vSampling : 1;
      const isWhole = component.tilePx === 4 || (isEdge && component.isCut);
      return Array.from({ length: hSampling * vSampling }, (_, i) => {
        const column = i % hSampling;
        return {
          component,
          table,
          column,
          row: (i - column) / hSampling,
          hSampling,
          vSampling,
          isWhole,
        };
      });
    });
  return { mcusAcross, mcusDown, units: unitsOf(false), edgeUnits: unitsOf(true) };
}

function wrongMarker(found: number | undefined, expected: number): string {
  if (found === undefined) return endsTooSoon;
  return `expected restart marker ${hex(expected)}, found marker ${hex(found)}`;
}
