/**
 * Reads a block of coefficients several symbols at a look-up, where only DC, the block's mean, is wanted: an
 * entry tells for the next bits how many of them, and how many coefficients, they take up. Entries are made when they are first needed, since a one-shot run sees one frame only. Pure.
 *
 * An entry: bits 0..4 how many bits it takes up; 5..12 how many coefficients, an end of block counting as
 * 128 more; 13..16 of a single symbol the bits of its value; 20..31 the difference of the first coefficient,
 * signed. So a block is at its end when the coefficients counted make 128 and less than 64 more. Where they
 * make 64 or more without (bit 6 tells), symbols must be read one by one, until there are 64.
 */
import { damaged } from './frame-error.js';
import type { HuffmanTable } from './huffman.js';

/**
 * Bits that are looked at together: two symbols or three. With 13 a large frame takes 4 % less, but a one-shot
 * run a quarter more, for the entries; and four tables of 8 KiB fit the nearest cache of a small board.
 */
export const lookupBits = 11;
const endOfBlock = 128;
/** More coefficients than any real entry has. */
export const notReal = (64 + 128) << 5;
const notMade = notReal;
/** The first symbol is too long to be seen whole, or is none. */
const oneByOne = notReal | (1 << 20);

export const bitsOf = (entry: number): number => entry & 31;
export const coefficientsOf = (entry: number): number => (entry >>> 5) & 255;
export const sizeOf = (entry: number): number => (entry >>> 13) & 15;
export const differenceOf = (entry: number): number => entry >> 20;

/** At least 25 bits, from the highest down. */
export const bitsAt = (view: DataView, position: number): number =>
  view.getInt32(position >>> 3) << (position & 7);

/** The number that `size` bits at the top of `bits` stand for (T.81, F.2.2.1). */
export function extend(bits: number, size: number): number {
  if (size === 0) return 0;
  const value = bits >>> (32 - size);
  return bits < 0 ? value : value - (1 << size) + 1;
}

export class BlockTable {
  /** By the next bits where a block begins. */
  readonly dcLookup = new Int32Array(1 << lookupBits).fill(notMade);
  /** By the next bits later on in a block. */
  readonly acLookup = new Int32Array(1 << lookupBits).fill(notMade);
  readonly #dc: HuffmanTable;
  readonly #ac: HuffmanTable;

  constructor(dc: HuffmanTable, ac: HuffmanTable) {
    this.#dc = dc;
    this.#ac = ac;
  }

  /**
   * The first coefficient by itself, where `dcLookup` has no real entry; the entry is made.
   * @throws {OperationalError} FRAME: no such code
   */
  readDc(view: DataView, position: number): number {
    const index = bitsAt(view, position) >>> (32 - lookupBits);
    if (this.dcLookup[index] === notMade) this.dcLookup[index] = this.#makeDcEntry(index);
    return this.readOneDc(view, position);
  }

  /**
   * One symbol by itself, where `acLookup` has no real entry or one that leads beyond the block; the entry is
   * made.
   * @param count of coefficients so far, 1..63
   * @throws {OperationalError} FRAME: no such code, or it leads beyond the block
   */
  readAc(view: DataView, position: number, count: number): number {
    const index = bitsAt(view, position) >>> (32 - lookupBits);
    if (this.acLookup[index] === notMade) {
      const entry = this.#chain(index << (16 - lookupBits), 0, 0);
      this.acLookup[index] = entry === 0 ? oneByOne : entry;
    }
    return this.readOneAc(view, position, count);
  }

  /** The first coefficient by itself. @throws {OperationalError} FRAME: no such code */
  readOneDc(view: DataView, position: number): number {
    const code = this.#dc.find(bitsAt(view, position) >>> 16);
    const size = code & 255;
    if (code === 0 || size > maxDcSize) throw noSuchCode();
    const length = code >>> 8;
    const difference = extend(bitsAt(view, position + length), size);
    return (difference << 20) | (1 << 5) | (length + size);
  }

  /** One symbol by itself, as `readAc`; `sizeOf` tells how many of its last bits are the value. */
  readOneAc(view: DataView, position: number, count: number): number {
    const entry = symbolEntry(this.#ac.find(bitsAt(view, position) >>> 16));
    if (entry === 0) throw noSuchCode();
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
    if (code === 0 || size > maxDcSize || length > lookupBits) return oneByOne;
    const difference = extend(next << (16 + (code >>> 8)), size);
    return (difference << 20) | this.#chain(next, length, 1);
  }

  /** The entry for as many symbols as are seen whole, but for the value of the last. */
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

/** T.81, table F.1: as far as the first coefficients of 8-bit samples can differ. */
const maxDcSize = 11;
/** T.81, table F.2. */
const maxAcSize = 10;

/** The entry for one code that `HuffmanTable.find` returned, or 0: no such code. */
function symbolEntry(code: number): number {
  const run = (code >>> 4) & 15;
  const size = code & 15;
  if (code === 0 || size > maxAcSize) return 0;
  if (size > 0) return (size << 13) | ((run + 1) << 5) | ((code >>> 8) + size);
  if (run === 15) return (16 << 5) | (code >>> 8);
  return run === 0 ? (endOfBlock << 5) | (code >>> 8) : 0;
}

function noSuchCode(): Error {
  return damaged('its picture data have bits that are no code');
}
