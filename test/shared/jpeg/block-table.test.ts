/** Entries that stand for several symbols at once are never taken for the end of a block that goes on. */
import { describe, expect, it } from 'vitest';
import { BlockTable, bitsOf, coefficientsOf } from '../../../shared/jpeg/block-table.js';
import { HuffmanTable } from '../../../shared/jpeg/huffman.js';

/** Two codes: 0 for the first value, 10 for the second. */
const twoCodes = (...values: [number, number]): HuffmanTable =>
  new HuffmanTable(Uint8Array.of(1, 1, ...Array<number>(14).fill(0)), Uint8Array.from(values));

const zeros = new DataView(new ArrayBuffer(16));

describe('a block of nothing but runs of 16 zeros', () => {
  // 0: the first coefficient does not differ; then 0: 16 zeros.
  const table = new BlockTable(twoCodes(0, 1), twoCodes(0xf0, 0x00));

  it('is read three runs at a look', () => {
    expect(coefficientsOf(table.readAc(zeros, 0, 1))).toBe(16);
    expect(coefficientsOf(table.acLookup[0]!)).toBe(48);
    expect(bitsOf(table.acLookup[0]!)).toBe(3);
  });

  it('is no block: there are 64 coefficients', () => {
    expect(() => table.readAc(zeros, 0, 49)).toThrow(/more than 64 coefficients/);
  });

  it('has its first coefficient and three runs in one look where it begins', () => {
    expect(coefficientsOf(table.readDc(zeros, 0))).toBe(1);
    expect(coefficientsOf(table.dcLookup[0]!)).toBe(49);
    expect(bitsOf(table.dcLookup[0]!)).toBe(4);
  });
});
