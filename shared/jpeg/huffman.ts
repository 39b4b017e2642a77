/** Huffman tables of a JPEG (ITU-T T.81, annex C), and the standard tables for frames without tables. Pure. */
import { damaged } from './frame-error.js';

/** Codes of up to this many bits, which are most codes, are found by one table lookup. */
const quickBits = 8;

export class HuffmanTable {
  /** Equal for tables with equal codes. */
  readonly key: string;
  /** By the next 8 bits: a code's length and value, as `find` returns them; 0: the code is longer. */
  readonly #short = new Uint16Array(1 << quickBits);
  /** By the next 16 bits minus `#firstLong`, the same: codes are in the order of their lengths (T.81, C.2). */
  readonly #long: Uint16Array;
  /** The smallest 16 bits that begin with a code of more than 8 bits. */
  readonly #firstLong: number;

  /**
   * @param counts numbers of codes of 1 to 16 bits (BITS) @param values in the order of their codes (HUFFVAL)
   * @throws {OperationalError} FRAME: more codes of a length than exist
   */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.key = String.fromCharCode(...counts, ...values);
    let code = 0;
    let index = 0;
    let firstLong = 0;
    let long = new Uint16Array(0);
    for (let length = 1; length <= 16; length++) {
      const count = counts[length - 1]!;
      if (code + count > 1 << length) {
        throw damaged(`invalid DHT segment: too many codes of ${length} bits`);
      }
      for (const end = code + count; code < end; code++, index++) {
        const found = (length << 8) | values[index]!;
        const isShort = length <= quickBits;
        const span = 1 << ((isShort ? quickBits : 16) - length);
        if (isShort) this.#short.fill(found, code * span, (code + 1) * span);
        else long.fill(found, code * span - firstLong, (code + 1) * span - firstLong);
      }
      if (length === quickBits) {
        firstLong = code << (16 - quickBits);
        long = new Uint16Array((1 << 16) - firstLong);
      }
      code <<= 1;
    }
    this.#firstLong = firstLong;
    this.#long = long;
  }

  /** @param next the next 16 bits @returns code length × 256 + value; 0: no code matches */
  find(next: number): number {
    const short = this.#short[next >>> (16 - quickBits)]!;
    return short === 0 ? (this.#long[next - this.#firstLong] ?? 0) : short;
  }
}

/** Makes a table from BITS and HUFFVAL in hexadecimal. */
function table(counts: string, values: string): HuffmanTable {
  const countBytes = new Uint8Array(16);
  countBytes.set(Buffer.from(counts, 'hex'));
  return new HuffmanTable(countBytes, Buffer.from(values, 'hex'));
}

/** Indexed by class (0: DC, 1: AC) × 4 + destination (0..3). */
export type HuffmanTables = readonly (HuffmanTable | undefined)[];

/**
 * The tables of T.81, K.3.3: frames of MJPEG webcams, as those of AVI files, have no tables of their own.
 * Destination 0 is for luminance, 1 for chrominance.
 */
export function standardTables(): HuffmanTables {
  const [dcValues, none] = ['000102030405060708090a0b', undefined];
  return [
    table('00010501010101010100000000000000', dcValues),
    table('00030101010101010101010000000000', dcValues),
    none,
    none,
    table(
      '0002010303020403050504040000017d',
      '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25' +
        '262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a' +
        '838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9ca' +
        'd2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
    ),
    table(
      '00020102040403040705040400010277',
      '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718' +
        '191a262728292a35363738393a434445464748494a535455565758595a636465666768696a73747576777879' +
        '7a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8' +
        'c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
    ),
    none,
    none,
  ];
}
