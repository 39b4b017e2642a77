/** Pages of frames: any walk over them finds each frame that is there once, in the order of time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FramesAnswer } from '../../../../receiver/web/api-types.js';
import type { ArchiveQueries } from '../../../../receiver/web/queries/archive-queries.js';
import { MadeRecords, givenFrames, hashOf, startMs } from './made-records.js';

const camera = 'yard';

async function walk(
  queries: ArchiveQueries,
  direction: 'after' | 'before',
  from: string,
  limit: number,
): Promise<number[]> {
  const found: number[] = [];
  for (let cursor = from; ;) {
    const { frames, more }: FramesAnswer = await queries.frames({
      camera,
      [direction]: cursor,
      limit,
    });
    found.push(...frames.map(({ at }) => at));
    const last = frames.at(-1);
    if (!more || last === undefined) return found;
    cursor = last.cursor;
  }
}

describe('pages of frames', () => {
  it('have each frame once, forward and backward, however many in a page', async () => {
    await fc.assert(
      fc.asyncProperty(givenFrames, fc.integer({ min: 1, max: 70 }), async (given, limit) => {
        fc.pre(given.length > 0);
        const records = new MadeRecords();
        records.add(given);
        const queries = await records.queries();
        const times = records.there.map(({ atMs }) => atMs);
        expect(await walk(queries, 'after', '0', limit)).toEqual(times);
        expect(await walk(queries, 'before', '9999999999999', limit)).toEqual(times.toReversed());
      }),
      { numRuns: 40 },
    );
  });

  it('grow with the record, also by frames that are earlier than those before', async () => {
    await fc.assert(
      fc.asyncProperty(givenFrames, givenFrames, async (first, second) => {
        fc.pre(first.length > 0);
        const records = new MadeRecords();
        records.add(first);
        const queries = await records.queries();
        await walk(queries, 'after', '0', 500);
        const times = new Set(first.map(({ atMs }) => atMs));
        records.add(second.filter(({ atMs }) => !times.has(atMs)));
        expect(await walk(queries, 'after', '0', 500)).toEqual(
          records.there.map(({ atMs }) => atMs),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('around a moment have the frames on both sides of it', async () => {
    await fc.assert(
      fc.asyncProperty(givenFrames, fc.integer({ min: 0, max: 60 }), async (given, hours) => {
        fc.pre(given.length > 0);
        const records = new MadeRecords();
        records.add(given);
        const atMs = startMs + hours * 3_600_000;
        const { frames } = await (await records.queries()).frames({ camera, atMs, limit: 10 });
        const before = records.there.filter((each) => each.atMs < atMs).slice(-5);
        const after = records.there
          .filter((each) => each.atMs >= atMs)
          .slice(0, 10 - before.length);
        expect(frames.map(({ at }) => at)).toEqual([...before, ...after].map((each) => each.atMs));
      }),
      { numRuns: 30 },
    );
  });

  it('say of a frame what its line says', async () => {
    const records = new MadeRecords();
    const plain = { lines: 1, isDeleted: false, utcOffsetMinutes: 60 };
    records.add([
      { ...plain, atMs: startMs, event: 'a', changed: true, strength: 3.5, isKept: true },
      {
        ...plain,
        atMs: startMs + 1,
        event: undefined,
        changed: false,
        strength: undefined,
        isKept: false,
      },
    ]);
    const { frames } = await (await records.queries()).frames({ camera, after: '0', limit: 9 });
    expect(frames).toMatchObject([
      {
        ...{ camera, at: startMs, offset: 60, name: '2026_11_20_11_00_00_000+0100.jpg', bytes: 10 },
        ...{
          size: [64, 48],
          reason: 'change',
          changed: true,
          ratio: 0.1,
          strength: 3.5,
          event: 'a',
        },
        ...{ boxes: [], kept: true, note: 'why 1', proof: 'unsigned' },
        url: `frame/yard/2026_11_20/0/${hashOf(1)}.jpg`,
      },
      { changed: false, strength: null, event: null, kept: false, note: null },
    ]);
  });

  it('of an unknown camera, and from what is no cursor, are errors that say so', async () => {
    const records = new MadeRecords();
    records.add([]);
    const queries = await records.queries();
    await expect(queries.frames({ camera: 'cellar', after: '0', limit: 1 })).rejects.toMatchObject({
      code: 'not-found',
      message: "there is no camera 'cellar'",
    });
    records.append('yard/2026_11_20', '');
    await expect(queries.frames({ camera, after: '1.2.3', limit: 1 })).rejects.toMatchObject({
      code: 'bad-request',
      message: "'1.2.3' is not a cursor",
    });
  });
});
