/** Cameras, events and the bytes of frames. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ArchiveQueries } from '../../../../receiver/web/queries/archive-queries.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { frameLine } from '../../../../receiver/store/record-line.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { type GivenFrame, MadeRecords, epoch, startMs } from './made-records.js';

const common = { utcOffsetMinutes: 0, lines: 1, isKept: false, changed: true };
const frame = (minute: number, event: string, strength: number, isDeleted = false): GivenFrame => {
  return { ...common, atMs: startMs + minute * 60_000, event, strength, isDeleted };
};

describe('events', () => {
  it('have the strongest frame that is there as their best', async () => {
    const records = new MadeRecords();
    records.add([
      frame(0, 'a', 2),
      frame(1, 'a', 5),
      frame(2, 'a', 9, true),
      frame(3, 'b', 1, true),
    ]);
    const stretch = { camera: 'yard', fromMs: startMs, toMs: startMs + 3_600_000 };
    const { events } = await (await records.queries()).events(stretch, 10);
    expect(events).toMatchObject([
      { event: 'a', frames: 3, best: { at: frame(1, 'a', 5).atMs, strength: 5 } },
      { event: 'b', frames: 1, best: null },
    ]);
  });

  it('are in pages', async () => {
    const records = new MadeRecords();
    records.add(Array.from({ length: 5 }, (_, minute) => frame(minute, `e${minute}`, 2)));
    const queries = await records.queries();
    const stretch = { camera: 'yard', fromMs: startMs, toMs: startMs + 3_600_000 };
    const { events, more } = await queries.events(stretch, 3);
    expect([events.map(({ event }) => event), more]).toEqual([['e0', 'e1', 'e2'], true]);
    const rest = await queries.events({ ...stretch, fromMs: (events.at(-1)?.last ?? 0) + 1 }, 3);
    expect([rest.events.map(({ event }) => event), rest.more]).toEqual([['e3', 'e4'], false]);
  });
});

describe('cameras', () => {
  it('say how many frames came before their clock was set', async () => {
    const records = new MadeRecords();
    records.add([frame(0, 'a', 2)]);
    const lineOf = (sequence: number): string =>
      frameLine({
        ...{ camera: 'yard', id: { epoch, sequence }, name: `${sequence}.jpg`, byteCount: 10 },
        ...{ capturedAtMs: sequence, utcOffsetMinutes: 0, receivedAtMs: startMs },
        ...{ size: { widthPx: 64, heightPx: 48 }, sha256: 'a'.repeat(64) },
        verdict: undefined,
      });
    const queries = await records.queries();
    const counted = async () => (await queries.states()).map(({ unclocked }) => unclocked);
    expect(await counted()).toEqual([0]);
    records.append('yard/unclocked/2026_11_20', lineOf(11) + lineOf(12) + lineOf(12));
    records.append('yard/unclocked/2026_11_21', lineOf(13));
    expect(await counted()).toEqual([3]);
    const deleted = { kind: 'deleted', camera: 'yard', atMs: startMs, why: 'max-age' } as const;
    const note = noteLine({ ...deleted, names: ['12.jpg'], byteCount: 10 });
    records.append('yard/unclocked/2026_11_20', `${note}${lineOf(14)}${lineOf(15).slice(0, 40)}`);
    expect(await counted()).toEqual([3]);
    records.append('yard/unclocked/2026_11_20', lineOf(15).slice(40));
    expect(await counted()).toEqual([4]);
  });

  it('say what their newest report says, and since when they are silent', async () => {
    const records = new MadeRecords();
    records.add([frame(0, 'a', 2)]);
    records.report(startMs + 600_000, 5, 'failing');
    const now = Date.now();
    const soon = await (await records.queries(now)).cameras();
    expect(soon.cameras).toMatchObject([
      {
        camera: 'yard',
        reports: true,
        state: 'failing',
        silentSince: null,
        firstDay: '2026-11-20',
      },
    ]);
    expect(soon.cameras[0]?.newest).toMatchObject({ at: startMs });
    // Its record was written now; its reports come each minute.
    const late = await (await records.queries(now + 600_000)).cameras();
    expect(late.cameras[0]?.silentSince).toBe(late.cameras[0]?.lastArrival);
  });

  it('that do not report are neither silent nor in a state', async () => {
    const records = new MadeRecords();
    records.add([frame(0, 'a', 2)]);
    const { cameras } = await (await records.queries(Date.now() + 1e9)).cameras();
    expect(cameras).toMatchObject([{ reports: false, state: null, silentSince: null }]);
  });
});

describe('a frame', () => {
  const jpeg = Buffer.from('<script>not a picture</script>');
  const sha256 = createHash('sha256').update(jpeg).digest('hex');
  const day = '2026_11_20';
  const name = '2026_11_20_10_00_00_000+0000.jpg';

  function stored(): { records: MadeRecords; folder: string } {
    const records = new MadeRecords();
    records.append(
      `yard/${day}`,
      frameLine({
        ...{ camera: 'yard', id: { epoch, sequence: 1 }, name, capturedAtMs: startMs },
        ...{ utcOffsetMinutes: 0, byteCount: jpeg.length, size: undefined, sha256 },
        ...{ receivedAtMs: startMs, verdict: undefined },
      }),
    );
    const folder = join(records.directory, 'yard', day);
    writeFileSync(join(folder, name), jpeg);
    return { records, folder };
  }

  it('is found by its line and its hash', async () => {
    const { records } = stored();
    expect(await (await records.queries()).frame('yard', day, 0, sha256)).toEqual(jpeg);
  });

  it.each([
    ['another line', 5, sha256],
    ['another hash', 0, 'b'.repeat(64)],
  ])('of %s is gone', async (_, lineAt, hash) => {
    const { records } = stored();
    await expect((await records.queries()).frame('yard', day, lineAt, hash)).rejects.toMatchObject({
      code: 'gone',
    });
  });

  it('whose file was changed is not shown as the recorded one', async () => {
    const { records, folder } = stored();
    writeFileSync(join(folder, name), 'something else');
    await expect((await records.queries()).frame('yard', day, 0, sha256)).rejects.toMatchObject({
      code: 'gone',
      message: `${name} is not the file that was recorded: receiver verify says more`,
    });
  });

  it('that is a link is not followed', async () => {
    const { records, folder } = stored();
    const secret = join(temporaryDirectory(), 'secret');
    writeFileSync(secret, jpeg);
    symlinkSync(secret, join(folder, `${name}.new`));
    renameSync(join(folder, `${name}.new`), join(folder, name));
    await expect((await records.queries()).frame('yard', day, 0, sha256)).rejects.toMatchObject({
      code: 'STORE',
    });
  });
});

it('keeps indexes in a folder of its own when it is given one', async () => {
  const records = new MadeRecords();
  records.add(Array.from({ length: 60 }, (_, minute) => frame(minute, 'a', 2)));
  const cache = temporaryDirectory();
  const captures = await Folder.open(records.directory);
  onTestFinished(() => captures.close());
  for (let start = 0; start < 2; start += 1) {
    const queries = new ArchiveQueries(captures, cache, new FakeClock(startMs));
    const { frames } = await queries.frames({ camera: 'yard', after: '0', limit: 100 });
    expect(frames).toHaveLength(60);
  }
  expect(readdirSync(join(cache, 'yard/2026_11_20'))).toEqual(['.day-index']);
  expect(readdirSync(join(records.directory, 'yard/2026_11_20'))).toEqual(['record.jsonl']);
  // A folder in place of the index: the queries answer without it.
  const broken = temporaryDirectory();
  mkdirSync(join(broken, 'yard/2026_11_20/.day-index'), { recursive: true });
  const queries = new ArchiveQueries(captures, broken, new FakeClock(startMs));
  expect((await queries.frames({ camera: 'yard', after: '0', limit: 100 })).frames).toHaveLength(
    60,
  );
});
