/**
 * Lookup tables that decode several Huffman symbols at once, for blocks of which only the DC coefficient is needed.
 * An entry gives for the next bits the number of bits and of coefficients to skip. Entries are computed on first use,
 * since a one-shot run decodes one frame only. Pure.
 *
 * Bits of an entry: 0..4 number of bits; 5..12 number of coefficients, plus 128 for an end of block (EOB); 13..16 for
 * a single symbol the size of its value (SSSS in T.81); 20..31 the DC difference (DIFF), signed. A block is complete
 * when its count of coefficients is 64, or 128 or more. When a count has bit 6 set (64 or more without EOB), symbols
 * are decoded one by one up to 64.
 */
import { damaged } from './frame-error.js';
import type { HuffmanTable } from './huffman.js';

/**
 * Bits of a lookup: two or three symbols. With 13 bits a large frame takes 4 % less time, but a one-shot run a quarter
 * more, for computing entries. Four tables of 8 KiB fit the L1 cache of a small board.
 */
export const lookupBits = 11;
const endOfBlock = 128;
/** Mask of a number of coefficients that no computed entry has: `readDc` or `readAc` has to decode. */
export const noEntry = (64 + 128) << 5;
const notComputed = noEntry;
/** The first symbol is longer than `lookupBits`, or is invalid. */
const tooLong = noEntry | (1 << 20);

export const bitsOf = (entry: number): number => entry & 31;
export const coefficientsOf = (entry: number): number => (entry >>> 5) & 255;
export const sizeOf = (entry: number): number => (entry >>> 13) & 15;
export const differenceOf = (entry: number): number => entry >> 20;

/** At least 25 bits, left-aligned. */
export const bitsAt = (view: DataView, position: number): number =>
  view.getInt32(position >>> 3) << (position & 7);

/** The value of the top `size` bits of `bits` (EXTEND in T.81, F.2.2.1). */
export function extend(bits: number, size: number): number {
  if (size === 0) return 0;
  const value = bits >>> (32 - size);
  return bits < 0 ? value : value - (1 << size) + 1;
}

export class BlockTable {
  /** Entries by the next bits at the start of a block. */
  readonly dcLookup = new Int32Array(1 << lookupBits).fill(notComputed);
  /** Entries by the next bits after the DC coefficient. */
  readonly acLookup = new Int32Array(1 << lookupBits).fill(notComputed);
  readonly #dc: HuffmanTable;
  readonly #ac: HuffmanTable;

  constructor(dc: HuffmanTable, ac: HuffmanTable) {
    this.#dc = dc;
    this.#ac = ac;
  }

  /**
   * Decodes the DC coefficient alone, when `dcLookup` has no entry; computes the entry.
   * @throws {OperationalError} FRAME: invalid Huffman code
   */
  readDc(view: DataView, position: number): number {
    const index = bitsAt(view, position) >>> (32 - lookupBits);
    if (this.dcLookup[index] === notComputed) this.dcLookup[index] = this.#makeDcEntry(index);
    return this.readOneDc(view, position);
  }

  /**
   * Decodes one AC symbol, when `acLookup` has no entry or its entry exceeds the block; computes the entry.
   * @param count number of coefficients so far, 1..63
   * @throws {OperationalError} FRAME: invalid Huffman code, or more than 64 coefficients
   */
  readAc(view: DataView, position: number, count: number): number {
    const index = bitsAt(view, position) >>> (32 - lookupBits);
    if (this.acLookup[index] === notComputed) {
      const entry = this.#chain(index << (16 - lookupBits), 0, 0);
      this.acLookup[index] = entry === 0 ? tooLong : entry;
    }
    return this.readOneAc(view, position, count);
  }

  /** Decodes the DC coefficient alone. @throws {OperationalError} FRAME: invalid Huffman code */
  readOneDc(view: DataView, position: number): number {
    const code = this.#dc.find(bitsAt(view, position) >>> 16);
    const size = code & 255;
    if (code === 0 || size > maxDcSize) throw invalidCode();
    const length = code >>> 8;
    const difference = extend(bitsAt(view, position + length), size);
    return (difference << 20) | (1 << 5) | (length + size);
  }

  /** Decodes one AC symbol, as `readAc`; `sizeOf` is the number of its last bits that are the value. */
  readOneAc(view: DataView, position: number, count: number): number {
    const entry = symbolEntry(this.#ac.find(bitsAt(view, position) >>> 16));
    if (entry === 0) throw invalidCode();
    const coefficients = coefficientsOf(entry);
    if (coefficients !== endOfBlock && count + coefficients > 64) {
      throw damaged('a block has more than 64 coefficients');
    }
    return entry;
  }

  #makeDcEntry(index: number): number {
    const next = index << (16 - lookupBits);
    const code = this.#dc.find(next);
    const size = code & 255;
    const length = (code >>> 8) + size;
    if (code === 0 || size > maxDcSize || length > lookupBits) return tooLong;
    const difference = extend(next << (16 + (code >>> 8)), size);
    return (difference << 20) | this.#chain(next, length, 1);
  }

  /** The entry of all symbols that are complete within the lookup bits, without their values. */
  #chain(next: number, bits: number, coefficients: number): number {
    while (bits < lookupBits) {
      const code = this.#ac.find((next << bits) & 0xffff);
      const entry = symbolEntry(code);
      if (entry === 0 || bits + (code >>> 8) > lookupBits) break;
      const sum = coefficients + coefficientsOf(entry);
      if (sum > 63 && sum < endOfBlock) break;
      bits += bitsOf(entry);
      coefficients = sum;
      if (sum >= endOfBlock) break;
    }
    return (coefficients << 5) | bits;
  }
}

/** Largest size of a DC difference of 8-bit samples (T.81, table F.1). */
const maxDcSize = 11;
/** Largest size of an AC coefficient of 8-bit samples (T.81, table F.2). */
const maxAcSize = 10;

/** The entry of one code that `HuffmanTable.find` returned; 0: invalid code. */
function symbolEntry(code: number): number {
  const run = (code >>> 4) & 15;
  const size = code & 15;
  if (code === 0 || size > maxAcSize) return 0;
  if (size > 0) return (size << 13) | ((run + 1) << 5) | ((code >>> 8) + size);
  if (run === 15) return (16 << 5) | (code >>> 8);
  return run === 0 ? (endOfBlock << 5) | (code >>> 8) : 0;
}

function invalidCode(): Error {
  return damaged('invalid Huffman code in its entropy-coded data');
}
