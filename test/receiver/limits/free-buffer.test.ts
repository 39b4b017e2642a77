/** Large buffers, whose memory is given back at once. */
import { describe, expect, it } from 'vitest';
import { freeBuffer } from '../../../receiver/limits/free-buffer.js';

describe('freeBuffer', () => {
  it('empties a buffer of its own memory', () => {
    const bytes = Buffer.allocUnsafeSlow(100_000);
    freeBuffer(bytes);
    expect(bytes.length).toBe(0);
  });

  it('gives its memory back before the garbage collector runs', () => {
    const bytes = Buffer.allocUnsafeSlow(64 << 20);
    const before = process.memoryUsage().arrayBuffers;
    freeBuffer(bytes);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(64 << 20);
  });

  it('leaves a buffer that shares its memory', () => {
    const whole = Buffer.alloc(100_000, 7);
    const part = whole.subarray(1);
    freeBuffer(part);
    expect(part).toEqual(Buffer.alloc(99_999, 7));
    const pooled = Buffer.from('pooled');
    freeBuffer(pooled);
    expect(pooled.toString()).toBe('pooled');
  });
});
