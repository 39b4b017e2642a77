import { describe, expect, it } from 'vitest';
import { MemorySpool } from '../../../agent/spool/memory-spool.js';

function makeSpool(maxBytes: number) {
  const lost: string[] = [];
  const spool = new MemorySpool({
    maxBytes,
    onLost: ({ sequence }, { code }) => lost.push(`${sequence} ${code}`),
  });
  const add = (size: number, capturedAtMs = 1000) =>
    spool.add({
      jpeg: Buffer.alloc(size),
      capturedAtMs,
      utcOffsetMinutes: 0,
      verdict: { reason: 'all', ratio: 0, boxes: [] },
    });
  return { spool, lost, add };
}
const none = new Set<number>();

describe('a memory spool', () => {
  it('numbers frames from 1 without holes and gives the oldest first', async () => {
    const { spool, add } = makeSpool(1000);
    await add(10);
    await add(20);
    expect(spool.oldest(none)).toMatchObject({ sequence: 1, byteCount: 10, capturedAtMs: 1000 });
    expect(spool.oldest(new Set([1]))).toMatchObject({ sequence: 2, capturedAtMs: 1001 });
    expect(spool.oldest(new Set([1, 2]))).toBeUndefined();
  });

  it('forgets what is acknowledged, in any order', async () => {
    const { spool, add } = makeSpool(1000);
    await add(1);
    await add(1);
    await spool.acknowledge(2);
    await spool.acknowledge(2);
    expect(spool.waitingCount).toBe(1);
    expect(await spool.load(2)).toBeUndefined();
    expect(await spool.load(1)).toHaveLength(1);
  });

  it('drops the oldest at its limit, and counts and tells each', async () => {
    const { spool, lost, add } = makeSpool(100);
    for (let frame = 0; frame < 5; frame += 1) await add(40);
    expect(spool.waitingCount).toBe(2);
    expect(spool.droppedCount).toBe(3);
    expect(lost).toEqual(['1 SPOOL_FULL', '2 SPOOL_FULL', '3 SPOOL_FULL']);
  });

  it('keeps the newest even where it alone is beyond the limit', async () => {
    const { spool, add } = makeSpool(100);
    await add(500);
    expect(spool.waitingCount).toBe(1);
  });

  it('tells what the receiver refuses for good', async () => {
    const { spool, lost, add } = makeSpool(100);
    await add(1);
    await spool.reject(1, 'no JPEG');
    expect(lost).toEqual(['1 FRAME']);
    expect(spool.waitingCount).toBe(0);
  });

  it('calls listeners after each frame', async () => {
    const { spool, add } = makeSpool(100);
    const seen: number[] = [];
    spool.onAdded(() => seen.push(spool.waitingCount));
    await add(1);
    await add(1);
    expect(seen).toEqual([1, 2]);
  });
});
