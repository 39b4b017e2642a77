/** Ways in which bytes may arrive, for decoders whose answer must not depend on it. */
import fc from 'fast-check';

/** Spaces are for the reader: `hex('ffd8 ffd9')`. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** Whole, byte by byte, and in two parts at every offset. */
export function everyChunking(bytes: Buffer): Buffer[][] {
  const singles = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const inTwo = Array.from(bytes, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [[bytes], singles, ...inTwo];
}

/** Any bytes of `parts`, one after the other, together with some chunking of them. */
export function anyChunking(parts: fc.Arbitrary<Buffer[]>): fc.Arbitrary<Buffer[]> {
  return parts
    .map((each) => Buffer.concat(each))
    .chain((bytes) =>
      fc.array(fc.nat({ max: bytes.length })).map((cuts) => {
        const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
        return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      }),
    );
}

export const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
