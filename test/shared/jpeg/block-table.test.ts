/** Lookup entries of several symbols do not end a block that is incomplete. */
import { describe, expect, it } from 'vitest';
import { BlockTable, bitsOf, coefficientsOf } from '../../../shared/jpeg/block-table.js';
import { HuffmanTable } from '../../../shared/jpeg/huffman.js';

/** Two codes: 0 for the first value, 10 for the second. */
const twoCodes = (...values: [number, number]): HuffmanTable =>
  new HuffmanTable(Uint8Array.of(1, 1, ...Array<number>(14).fill(0)), Uint8Array.from(values));

const zeros = new DataView(new ArrayBuffer(16));

describe('BlockTable with a block of runs of 16 zeros', () => {
  // 0: a DC difference of 0; then 0: 16 zeros (ZRL).
  const table = new BlockTable(twoCodes(0, 1), twoCodes(0xf0, 0x00));

  it('decodes three runs with one lookup', () => {
    expect(coefficientsOf(table.readAc(zeros, 0, 1))).toBe(16);
    expect(coefficientsOf(table.acLookup[0]!)).toBe(48);
    expect(bitsOf(table.acLookup[0]!)).toBe(3);
  });

  it('rejects more than 64 coefficients', () => {
    expect(() => table.readAc(zeros, 0, 49)).toThrow(/more than 64 coefficients/);
  });

  it('decodes DC and three runs with one lookup at the start of a block', () => {
    expect(coefficientsOf(table.readDc(zeros, 0))).toBe(1);
    expect(coefficientsOf(table.dcLookup[0]!)).toBe(49);
    expect(bitsOf(table.dcLookup[0]!)).toBe(4);
  });
});
