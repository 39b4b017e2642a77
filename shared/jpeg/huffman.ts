/** Huffman tables of a JPEG (ITU-T T.81, annex C), and the ones meant where a frame has none. Pure. */
import { damaged } from './frame-error.js';

/** Codes of up to so many bits are found by one look; most are shorter. */
const quickBits = 8;

export class HuffmanTable {
  /** The same for tables with the same codes. */
  readonly key: string;
  readonly #values: Uint8Array;
  /** By a code's length: the first code that is longer, its bits moved up to 16. */
  readonly #limits = new Int32Array(17);
  /** By a code's length: what to add to a code for its place in `#values`. */
  readonly #offsets = new Int32Array(17);
  /** By the next 8 bits: a code's length and value, as `find` returns them, or 0. */
  readonly #quick = new Uint16Array(1 << quickBits);

  /**
   * @param counts of codes of 1 to 16 bits @param values in the order of their codes, as many as counted
   * @throws {OperationalError} FRAME: there cannot be so many codes
   */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.key = String.fromCharCode(...counts, ...values);
    // Not the frame's own bytes: the table may outlive it.
    this.#values = Uint8Array.from(values);
    let code = 0;
    let place = 0;
    for (let length = 1; length <= 16; length++) {
      const count = counts[length - 1]!;
      if (code + count > 1 << length) throw damaged('a Huffman table with too many codes');
      this.#offsets[length] = place - code;
      if (length <= quickBits) {
        const span = 1 << (quickBits - length);
        for (let i = 0; i < count; i++) {
          const from = (code + i) * span;
          this.#quick.fill((length << 8) | values[place + i]!, from, from + span);
        }
      }
      code += count;
      place += count;
      this.#limits[length] = code << (16 - length);
      code <<= 1;
    }
  }

  /** @param next the next 16 bits @returns the code's length × 256 + its value, or 0: no code begins so */
  find(next: number): number {
    const quick = this.#quick[next >>> (16 - quickBits)]!;
    if (quick !== 0) return quick;
    for (let length = quickBits + 1; length <= 16; length++) {
      if (next >= this.#limits[length]!) continue;
      return (length << 8) | this.#values[(next >>> (16 - length)) + this.#offsets[length]!]!;
    }
    return 0;
  }
}

/** Makes a table from how many codes there are of each length from 1 bit up, and what they stand for. */
function table(counts: string, values: string): HuffmanTable {
  const countBytes = new Uint8Array(16);
  countBytes.set(Buffer.from(counts, 'hex'));
  return new HuffmanTable(countBytes, Buffer.from(values, 'hex'));
}

/** Tables by their class (0: DC, 1: AC) × 4 + destination (0..3). */
export type HuffmanTables = readonly (HuffmanTable | undefined)[];

/**
 * Those of T.81, K.3.3: webcams leave them out of each frame of their MJPEG, as AVI files always did.
 * Destination 0 is for luma and 1 for chroma.
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
