/**
 * Fuzzing of the JPEG decoder: a mutated JPEG is decoded to valid numbers or rejected with an error of code FRAME.
 * `FUZZ_RUNS=100000 npx vitest run test/agent/detect/hostile.test.ts` for longer; a failure prints the
 * seed, `FUZZ_SEED` repeats it.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';
import { decodePlanes } from '../../../shared/jpeg/planes.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { makeJpeg } from '../../support/pictures.js';

const folder = new URL('../../fixtures/jpeg/', import.meta.url);
const corpus: Buffer[] = readdirSync(fileURLToPath(folder))
  .filter((name) => name.endsWith('.jpg'))
  .map((name) => readFileSync(new URL(name, folder)));
corpus.push(makeJpeg(1), makeJpeg(2, { widthPx: 330, heightPx: 300 }));

type Mutator = (jpeg: Buffer) => Buffer;
/** An offset, taken modulo the length of the JPEG. */
const place = fc.nat({ max: 0xffff_ffff });
const at = (jpeg: Buffer, where: number): number => where % (jpeg.length + 1);
/** The range of most markers and lengths, where a changed byte has the largest effect. */
const headerPlace = fc.integer({ min: 2, max: 700 });

const mutators: fc.Arbitrary<Mutator> = fc.oneof(
  fc.tuple(fc.oneof(place, headerPlace), fc.nat({ max: 255 })).map(([where, byte]) => (jpeg: Buffer) => {
    const copy = Buffer.from(jpeg);
    copy[at(jpeg, where)] = byte;
    return copy;
  }),
  fc.tuple(place, fc.nat({ max: 7 })).map(([where, bit]) => (jpeg: Buffer) => {
    const copy = Buffer.from(jpeg);
    copy[at(jpeg, where)]! ^= 1 << bit;
    return copy;
  }),
  place.map((where) => (jpeg: Buffer) => jpeg.subarray(0, at(jpeg, where))),
  // Removes a part, or repeats it.
  fc.tuple(place, place).map(([from, to]) => (jpeg: Buffer) =>
    Buffer.concat([jpeg.subarray(0, at(jpeg, from)), jpeg.subarray(at(jpeg, to))]),
  ),
  // Continues with the rest of another JPEG.
  fc.tuple(place, place, fc.constantFrom(...corpus)).map(([from, to, other]) => (jpeg: Buffer) =>
    Buffer.concat([jpeg.subarray(0, at(jpeg, from)), other.subarray(at(other, to))]),
  ),
  fc
    .tuple(fc.oneof(place, headerPlace), fc.integer({ min: 0xc0, max: 0xff }), fc.uint8Array({ maxLength: 30 }))
    .map(([where, code, payload]) => (jpeg: Buffer) =>
      Buffer.concat([
        jpeg.subarray(0, at(jpeg, where)),
        Buffer.of(0xff, code, 0, payload.length + 2),
        payload,
        jpeg.subarray(at(jpeg, where)),
      ]),
    ),
); // prettier-ignore

describe('a mutated JPEG', () => {
  it('is decoded to means of 0 to 255, or rejected', () => {
    let decoded = 0;
    const check = (jpeg: Buffer): void => {
      try {
        const { grid, luma, chroma } = decodePlanes(jpeg, makeGrid, { chroma: true });
        const planes = chroma === undefined ? [luma] : [luma, chroma.cb, chroma.cr];
        for (const plane of planes) {
          expect(plane).toHaveLength(grid.columns * grid.rows);
          expect(plane.every((mean) => mean >= 0 && mean <= 255)).toBe(true);
        }
        decoded += 1;
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        expect(error.code).toBe('FRAME');
      }
    };
    const numRuns = Number(process.env.FUZZ_RUNS ?? 3000);
    const seed = process.env.FUZZ_SEED;
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.array(mutators, { minLength: 1, maxLength: 4 }),
        (jpeg, chosen) => check(chosen.reduce<Buffer>((bytes, mutate) => mutate(bytes), jpeg)),
      ),
      { numRuns, ...(seed !== undefined && { seed: Number(seed) }) },
    );
    // A share of them has to be decodable, else the decoder itself is not tested.
    expect(decoded).toBeGreaterThan(numRuns / 100);
    expect(decoded).toBeLessThan(numRuns / 2);
  }, 3_600_000);
});
