/** The totals of a store are those of its files, whatever order of writes, deletions and restarts made them. */
import {
  appendFileSync,
  lstatSync,
  readFileSync,
  readdirSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTotals, totalsName } from '../../../../receiver/archive/retention/totals-file.js';
import { sweep } from '../../../../receiver/archive/retention/sweep.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { filesBelow } from '../../../support/files.js';
import { dayMs, firstMs, frameAt, makeStore, openTotals, plantAll } from './given-store.js';

/** Bytes of the frames' files in blocks, as du counts them. */
function frameBlocks(directory: string): number {
  return filesBelow(directory)
    .filter((name) => name.endsWith('.jpg'))
    .reduce((sum, name) => sum + Math.ceil(lstatSync(join(directory, name)).size / 4096) * 4096, 0);
}

const diskBytes = ({ totals }: Awaited<ReturnType<typeof openTotals>>): number =>
  [...totals.days.values()].reduce((sum, day) => sum + day.diskBytes, 0);

describe('the totals of a store', () => {
  it('are those of the files after any order of writes, sweeps, saves and restarts', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('store' as const), day: fc.nat(3), bytes: fc.nat(9000) }),
      fc.record({ kind: fc.constant('sweep' as const), days: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constantFrom('save', 'restart', 'refresh', 'active') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const given = await makeStore();
        let totals = given.totals;
        for (const [at, each] of steps.entries()) {
          if ('bytes' in each) {
            const { day, bytes } = each;
            plantAll(given.directory, [frameAt(firstMs + day * dayMs + at, { bytes })]);
          } else if ('days' in each) {
            const maxAge = [{ camera: undefined, amount: each.days * dayMs }];
            const parts = given.parts({ maxAge }, firstMs + 3.5 * dayMs);
            await sweep({ ...parts, totals }, { waitS: 9, mayDelete: () => true });
          } else if (each.kind === 'save') await totals.save(given.root);
          else if (each.kind === 'restart') totals = (await openTotals(given.directory)).totals;
          else if (each.kind === 'refresh') await totals.refresh(given.root);
          else await totals.refreshActive(given.root, []);
        }
        await totals.refresh(given.root);
        expect(diskBytes({ ...given, totals, marker: given.marker })).toBe(
          frameBlocks(given.directory),
        );
        const frames = filesBelow(given.directory).filter((name) => name.endsWith('.jpg'));
        expect(totals.frames).toBe(frames.length);
      }),
      { numRuns: 12 },
    );
  });

  it('a start reads what was appended since the cache, and no frame', async () => {
    const { directory, root, totals } = await makeStore();
    plantAll(directory, [frameAt(firstMs)]);
    await totals.refresh(root);
    await totals.save(root);
    const record = join(directory, 'yard/2026_11_01/record.jsonl');
    const text = readFileSync(record, 'utf8');
    // The part that is counted is not read again: it may be anything.
    writeFileSync(record, 'x'.repeat(text.length));
    plantAll(directory, [frameAt(firstMs + 1)]);
    const next = await openTotals(directory);
    await next.totals.refresh(next.root);
    expect(next.totals.frames).toBe(2);
  });

  it.each([
    ['missing', (path: string) => unlinkSync(path)],
    ['damaged', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 40))],
    ['of another version', (path: string) => edit(path, '"version":2', '"version":3')],
    ['of another store', (path: string) => edit(path, '"store":"', '"store":"0')],
    ['with other values', (path: string) => edit(path, ':[', ':["x",')],
  ])('a cache that is %s is built anew', async (_, change) => {
    const { directory, root, totals } = await makeStore();
    plantAll(directory, [frameAt(firstMs), frameAt(firstMs + 1)]);
    await totals.refresh(root);
    await totals.save(root);
    change(join(directory, totalsName));
    const next = await openTotals(directory);
    expect(next.totals.days.size).toBe(0);
    await next.totals.refresh(next.root);
    expect(next.totals.totalBytes).toBe(totals.totalBytes);
    expect(next.totals.frames).toBe(2);
  });

  it('a cache of which one bit is changed is built anew, wherever that is', async () => {
    const { directory, root, totals } = await makeStore();
    plantAll(directory, [frameAt(firstMs, { event: 'e' })]);
    const keptLine = noteLine({ kind: 'kept', camera: 'yard', atMs: firstMs, event: 'e' });
    appendFileSync(join(directory, 'yard/2026_11_01/record.jsonl'), keptLine);
    await totals.refresh(root);
    await totals.save(root);
    const { id } = JSON.parse(readFileSync(join(directory, '.picchanged.json'), 'utf8')) as {
      id: string;
    };
    const path = join(directory, totalsName);
    const whole = readFileSync(path);
    const read = await readTotals(root, id);
    expect(read.get('yard/2026_11_01')).toMatchObject({ frames: 1, keptEvents: ['e'] });
    // The line end says nothing.
    for (let at = 0; at < whole.length - 1; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 7));
      writeFileSync(path, damaged);
      expect((await readTotals(root, id)).size, `byte ${at}`).toBe(0);
    }
  });

  it('a day and a camera that other processes make are found at once', async () => {
    const { directory, root, totals } = await makeStore();
    await totals.refresh(root);
    for (const [frame, frames] of [
      [frameAt(firstMs), 1],
      [frameAt(firstMs + 5 * dayMs), 2],
      [frameAt(firstMs, { camera: 'door' }), 3],
    ] as const) {
      plantAll(directory, [frame]);
      // A second folder within one tick of the file system's clock.
      utimesSync(directory, 0, frames);
      await totals.refreshActive(root, []);
      expect(totals.frames).toBe(frames);
    }
  });

  it('a line that is not whole is counted when it is', async () => {
    const { directory, root, totals } = await makeStore();
    plantAll(directory, [frameAt(firstMs), frameAt(firstMs + 1)]);
    const record = join(directory, 'yard/2026_11_01/record.jsonl');
    const text = readFileSync(record);
    writeFileSync(record, text.subarray(0, -20));
    await totals.refresh(root);
    expect(totals.frames).toBe(1);
    writeFileSync(record, text);
    await totals.refresh(root);
    expect(totals.frames).toBe(2);
    expect(readdirSync(join(directory, 'yard/2026_11_01'))).toHaveLength(3);
  });
});

function edit(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}
