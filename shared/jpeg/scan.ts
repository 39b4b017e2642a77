/**
 * Decodes the entropy-coded data of one scan of a sequential Huffman-coded frame (ITU-T T.81, F.2) and stores the
 * mean of each block. Pure.
 */
import { type BitWindow } from './bit-window.js';
import type { BlockTable } from './block-table.js';
import { type Component, beyondRange } from './component.js';
import { damaged } from './frame-error.js';
import { endsTooSoon, hex } from './markers.js';
import { readWholeBlock } from './whole-block.js';

export interface ScanPart {
  readonly component: Component;
  readonly table: BlockTable;
}

export interface ScanLayout {
  /** One component, or several in an interleaved scan. */
  readonly parts: readonly ScanPart[];
  readonly mcusAcross: number;
  readonly mcusDown: number;
  /** MCUs between restart markers; 0: no restart markers. */
  readonly restartInterval: number;
}

/** A block of an MCU. */
interface Unit extends ScanPart {
  /** Position of the block: position of the MCU × sampling factors + these offsets. */
  readonly column: number;
  readonly row: number;
  readonly hSampling: number;
  readonly vSampling: number;
  /** True: all coefficients are needed. False: DC only. */
  readonly isWhole: boolean;
}

/**
 * Upper limit of bytes between the last bits of a scan or restart interval and the marker. T.81 allows none; common
 * webcams write up to ten before a restart marker, and hardware encoders pad to a word.
 */
const maxSpareBytes = 16;

/** It serves all frames with the same headers. */
export class Scan {
  readonly #layout: ScanLayout;
  readonly #units: readonly Unit[];
  /** For MCUs in the last column or row. */
  readonly #edgeUnits: readonly Unit[];
  readonly #sums = new Float64Array(4);

  constructor(layout: ScanLayout) {
    this.#layout = layout;
    this.#units = makeUnits(layout, false);
    this.#edgeUnits = makeUnits(layout, true);
  }

  /**
   * @param start offset of the entropy-coded data in the JPEG @returns the offset of the marker after them
   * @throws {OperationalError} FRAME: damaged data
   */
  read(jpeg: Buffer, start: number, bits: BitWindow): number {
    const { parts, mcusAcross, mcusDown, restartInterval } = this.#layout;
    const mcuCount = mcusAcross * mcusDown;
    const interval = restartInterval === 0 ? mcuCount : restartInterval;
    let at = start;
    for (let mcu = 0, count = 0; mcu < mcuCount; mcu += interval, count++) {
      if (count > 0) {
        const expected = 0xd0 + ((count - 1) & 7);
        if (jpeg[at + 1] !== expected) throw damaged(wrongMarker(jpeg[at + 1], expected));
        at += 2;
      }
      bits.start(jpeg, at);
      for (const { component } of parts) component.dcPredictor = 0;
      const position = this.#readMcus(bits, mcu, Math.min(mcuCount, mcu + interval));
      at = bits.end(position, maxSpareBytes);
    }
    return at;
  }

  /** @returns the position after the last MCU */
  #readMcus(bits: BitWindow, from: number, to: number): number {
    const { view } = bits;
    const { mcusAcross, mcusDown } = this.#layout;
    const sums = this.#sums;
    // Of block-table.ts; literals, since the bundle's constants are variables, which cost two instructions a symbol.
    const shift = 21;
    const noEntry = 0x1800;
    const mostUsed = 14;
    let position = 0;
    let mcuRow = Math.floor(from / mcusAcross);
    let mcuColumn = from - mcuRow * mcusAcross;
    for (let mcu = from; mcu < to; mcu++) {
      if (position > bits.readableBits) position = bits.refill(position);
      const isEdge = mcuColumn === mcusAcross - 1 || mcuRow === mcusDown - 1;
      const units = isEdge ? this.#edgeUnits : this.#units;
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
        if ((entry & noEntry) === noEntry) entry = table.readDc(view, position) | 0;
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
            entry = table.readAc(view, position, coefficients) | 0;
            sum = coefficients + ((entry >>> 5) & 255);
          }
          let used = entry & 31;
          if (sum < 64 && used <= mostUsed) {
            // The bits that are left hold another entry: one access reads two.
            entry = acLookup[(next << used) >>> shift]!;
            const both = sum + ((entry >>> 5) & 255);
            if ((both & 64) === 0) {
              sum = both;
              used += entry & 31;
            }
          }
          position = (position + used) | 0;
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
}

function makeUnits({ parts }: ScanLayout, isEdge: boolean): Unit[] {
  const isInterleaved = parts.length > 1;
  return parts.flatMap(({ component, table }) => {
    const hSampling = isInterleaved ? component.header.hSampling : 1;
    const vSampling = isInterleaved ? component.header.vSampling : 1;
    const isWhole = component.tilePx === 4 || (isEdge && component.isCut);
    return Array.from({ length: hSampling * vSampling }, (_, i) => {
      const column = i % hSampling;
      const row = (i - column) / hSampling;
      return { component, table, column, row, hSampling, vSampling, isWhole };
    });
  });
}

function wrongMarker(found: number | undefined, expected: number): string {
  if (found === undefined) return endsTooSoon;
  return `expected restart marker ${hex(expected)}, found marker ${hex(found)}`;
}
