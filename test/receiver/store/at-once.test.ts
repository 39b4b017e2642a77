/** Works beside each other: never more than the limit, results in order, errors in their turn. */
import { describe, expect, it } from 'vitest';
import { mapAtOnce, runAhead } from '../../../receiver/store/at-once.js';

const items = Array.from({ length: 20 }, (_, at) => at);

/** Later items end earlier. */
function counting(failing?: number) {
  const counts = { running: 0, most: 0, begun: 0 };
  const work = async (item: number): Promise<number> => {
    counts.running += 1;
    counts.begun += 1;
    counts.most = Math.max(counts.most, counts.running);
    for (let turn = 0; turn < 30 - item; turn += 1) await Promise.resolve();
    counts.running -= 1;
    if (item === failing) throw new Error(`item ${item}`);
    return item * 2;
  };
  return { counts, work };
}

async function resultsOf(results: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const each of results) all.push(each);
  return all;
}

describe('works at once', () => {
  it('give their results in the order of the items', async () => {
    const { counts, work } = counting();
    expect(await mapAtOnce(items, 4, work)).toEqual(items.map((item) => item * 2));
    expect(counts.most).toBe(4);
  });

  it('begin no more when one has failed, and end before the error', async () => {
    const { counts, work } = counting(5);
    await expect(mapAtOnce(items, 4, work)).rejects.toThrow('item 5');
    expect(counts.begun).toBeLessThan(items.length);
    expect(counts.running).toBe(0);
  });
});

describe('works that run ahead', () => {
  it('give their results in the order of the items', async () => {
    const { counts, work } = counting();
    expect(await resultsOf(runAhead(items, 4, work))).toEqual(items.map((item) => item * 2));
    expect(counts.most).toBe(4);
    expect(await resultsOf(runAhead([], 4, work))).toEqual([]);
  });

  it('throw an error in its turn', async () => {
    const { work } = counting(5);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const each of runAhead(items, 4, work)) seen.push(each);
    })();
    await expect(reading).rejects.toThrow('item 5');
    expect(seen).toEqual([0, 2, 4, 6, 8]);
  });
});
