/** ByteQueue compared with a reference implementation: one array of bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../shared/byte-queue.js';
import { anyBytes, hex } from './chunking.js';

describe('ByteQueue', () => {
  it('returns the bytes in order for any appends and takes', () => {
    const steps = fc.array(
      fc.record({ piece: anyBytes, takeShare: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(steps, (each) => {
        const queue = new ByteQueue();
        let model = Buffer.alloc(0);
        const taken: { bytes: Buffer; expected: Buffer }[] = [];
        for (const { piece, takeShare } of each) {
          queue.append(piece);
          model = Buffer.concat([model, piece]);
          const length = Math.floor(model.length * takeShare);
          taken.push({ bytes: queue.take(length), expected: model.subarray(0, length) });
          model = model.subarray(length);
          expect(queue.length).toBe(model.length);
        }
        taken.push({ bytes: queue.take(queue.length), expected: model });
        // Checked last: a later append must not change bytes that were returned.
        for (const { bytes, expected } of taken) expect(bytes).toEqual(expected);
      }),
    );
  });

  it('never writes into a chunk of the caller', () => {
    const room = hex('01 02 03 04');
    const queue = new ByteQueue();
    queue.append(room.subarray(0, 2));
    queue.append(hex('ff'));
    expect(queue.take(3)).toEqual(hex('01 02 ff'));
    expect(room).toEqual(hex('01 02 03 04'));
  });

  it('does not copy a single chunk', () => {
    const piece = hex('01 02 03');
    const queue = new ByteQueue();
    queue.append(piece);
    expect(queue.take(2).buffer).toBe(piece.buffer);
  });

  it('is empty after clear', () => {
    const queue = new ByteQueue();
    queue.append(hex('01 02'));
    queue.clear();
    queue.append(hex('03'));
    expect(queue.take(queue.length)).toEqual(hex('03'));
  });

  it('appends a million single bytes without a copy of all for each', () => {
    const queue = new ByteQueue();
    for (let n = 0; n < 1_000_000; n += 1) queue.append(Buffer.of(n & 0xff));
    const bytes = queue.take(1_000_000);
    expect(bytes.every((byte, index) => byte === (index & 0xff))).toBe(true);
  });
});
