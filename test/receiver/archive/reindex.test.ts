/** Records rebuilt from the files of their frames. */
import { chownSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readRecord } from '../../../receiver/archive/record-reader.js';
import { type RecordEntry, isEntry } from '../../../receiver/archive/record-entry.js';
import { reindexDay } from '../../../receiver/archive/reindex.js';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, epoch, frameOf, gapOf, nameOf, receivedAtMs } from '../store/given.js';

const laterMs = (): number => Date.now() + 120_000;

async function storeOf(...frames: readonly ReturnType<typeof frameOf>[]) {
  const directory = temporaryDirectory();
  const store = await openFrameStore(directory, Date.now());
  for (const frame of frames) await store.put(frame);
  await store.close();
  return directory;
}

async function openDay(directory: string, path = day): Promise<Folder> {
  const folder = await Folder.open(join(directory, path));
  onTestFinished(() => folder.close());
  return folder;
}

async function entriesOf(folder: Folder): Promise<RecordEntry[]> {
  const entries: RecordEntry[] = [];
  await readRecord(folder, (line) => isEntry(line) && entries.push(line));
  return entries;
}

describe('a record that is rebuilt from files', () => {
  it('has what the files tell, and its frames are known when they are sent again', async () => {
    const frames = [frameOf(1), frameOf(2), frameOf(3, { capturedAtMs: frameOf(1).capturedAtMs })];
    const directory = await storeOf(...frames);
    const folder = await openDay(directory);
    const before = await entriesOf(folder);
    rmSync(join(directory, day, 'record.jsonl'));
    expect(await reindexDay(folder, 'yard', laterMs())).toEqual({
      ...{ frames: 3, recovered: 3, young: 0, skippedLines: 0, problems: [] },
    });
    const facts = (entries: readonly RecordEntry[]) =>
      entries
        .flatMap((entry) => (entry.kind === 'frame' ? [entry] : []))
        .map(({ name, sha256, byteCount, capturedAtMs, utcOffsetMinutes, widthPx, heightPx }) => {
          return { name, sha256, byteCount, capturedAtMs, utcOffsetMinutes, widthPx, heightPx };
        })
        .sort((a, b) => a.name.localeCompare(b.name));
    const after = await entriesOf(folder);
    expect(facts(after)).toEqual(facts(before));
    expect(facts(after).some(({ name }) => name.endsWith('-2.jpg'))).toBe(true);
    for (const entry of after) expect(entry).toMatchObject({ camera: 'yard', proof: 'unsigned' });
    const store = await openFrameStore(directory, Date.now());
    for (const frame of frames) expect(await store.put(frame)).toMatchObject({ duplicate: true });
    expect(filesBelow(directory).filter((name) => name.endsWith('.jpg'))).toHaveLength(3);
  });

  it('gets only the lines that are missing, after a line that was cut off', async () => {
    const directory = await storeOf(frameOf(1), frameOf(2));
    const path = join(directory, day, 'record.jsonl');
    const [first = ''] = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, `${first}\nwhat is this\n{"frame":1,"cam`);
    const folder = await openDay(directory);
    expect(await reindexDay(folder, 'yard', laterMs())).toMatchObject({
      ...{ frames: 2, recovered: 1, skippedLines: 1 },
    });
    const names = (await entriesOf(folder)).map((entry) => 'name' in entry && entry.name);
    expect(names.map((name) => `${day}/${String(name)}`)).toEqual([nameOf(1), nameOf(2)]);
    expect(readFileSync(path, 'utf8')).toContain('{"frame":1,"cam\n{"frame":1,"camera":"yard",');
    const [whole] = [readFileSync(path, 'utf8')];
    expect(await reindexDay(folder, 'yard', laterMs())).toMatchObject({ recovered: 0 });
    expect(readFileSync(path, 'utf8')).toBe(whole);
  });

  it('has frames of a camera without a clock, which are known when they are sent again', async () => {
    const unclocked = frameOf(1, { capturedAtMs: 5000 });
    const directory = await storeOf(unclocked);
    const path = 'yard/unclocked/2026_11_22';
    rmSync(join(directory, path, 'record.jsonl'));
    const folder = await openDay(directory, path);
    expect(await reindexDay(folder, 'yard', laterMs())).toMatchObject({ recovered: 1 });
    expect(await entriesOf(folder)).toMatchObject([{ name: `${epoch}-1.jpg`, epoch: undefined }]);
    const store = await openFrameStore(directory, Date.now());
    const again = { ...unclocked, receivedAtMs: receivedAtMs + 1 };
    expect(await store.put(again)).toMatchObject({ duplicate: true });
  });

  it('has no line of a young file, a link, an empty file or another file', async () => {
    const directory = await storeOf(frameOf(1));
    const at = (name: string): string => join(directory, day, name);
    rmSync(at('record.jsonl'));
    const folder = await openDay(directory);
    expect(await reindexDay(folder, 'yard', Date.now())).toMatchObject({ recovered: 0, young: 1 });
    writeFileSync(at('2026_11_22_07_30_15_009+0000.jpg'), '');
    writeFileSync(at('holiday.jpg'), 'mine');
    symlinkSync('/etc/passwd', at('2026_11_22_07_30_15_010+0000.jpg'));
    expect(await reindexDay(folder, 'yard', laterMs())).toMatchObject({ frames: 1, recovered: 1 });
  });

  it('keeps its gaps, and its lines beside those of a receiver that writes meanwhile', async () => {
    const directory = await storeOf(frameOf(1));
    const store = await openFrameStore(directory, Date.now());
    await store.recordGap(gapOf(2));
    const folder = await openDay(directory);
    const path = join(directory, day, 'record.jsonl');
    writeFileSync(path, `${readFileSync(path, 'utf8').split('\n')[1] ?? ''}\n`);
    const work = Array.from({ length: 20 }, (_, index) => store.put(frameOf(index + 10)));
    await Promise.all([reindexDay(folder, 'yard', laterMs()), ...work]);
    await store.close();
    const entries = await entriesOf(folder);
    expect(entries.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
    const names = new Set(entries.map((entry) => ('name' in entry ? entry.name : 'gap')));
    expect(names.size).toBe(22);
  });

  it('belongs to the owner of the folder', async () => {
    const isRoot = process.geteuid?.() === 0;
    if (!isRoot) console.log('skipped: only root can give files away');
    if (!isRoot) return;
    const directory = await storeOf(frameOf(1));
    rmSync(join(directory, day, 'record.jsonl'));
    chownSync(join(directory, day), 12_345, 12_345);
    await reindexDay(await openDay(directory), 'yard', laterMs());
    expect(statSync(join(directory, day, 'record.jsonl')).uid).toBe(12_345);
  });

  it('is not written through a link, and no file outside is changed', async () => {
    const directory = await storeOf(frameOf(1));
    const outside = join(directory, 'outside');
    writeFileSync(outside, 'x\n');
    rmSync(join(directory, day, 'record.jsonl'));
    symlinkSync(outside, join(directory, day, 'record.jsonl'));
    const folder = await openDay(directory);
    await expect(reindexDay(folder, 'yard', laterMs())).rejects.toMatchObject({ code: 'STORE' });
    expect(readFileSync(outside, 'utf8')).toBe('x\n');
  });

  it('names a file that cannot be read, and goes on', async () => {
    const directory = await storeOf(frameOf(1), frameOf(2));
    rmSync(join(directory, day, 'record.jsonl'));
    const folder = await openDay(directory);
    const real = folder.openFile.bind(folder);
    folder.openFile = (name, flags) => {
      if (`${day}/${name}` === nameOf(1)) {
        return Promise.reject(Object.assign(new Error(`EIO: ${name}`), { code: 'EIO' }));
      }
      return real(name, flags);
    };
    const done = await reindexDay(folder, 'yard', laterMs());
    expect(done).toMatchObject({ frames: 2, recovered: 1 });
    expect(done.problems.join()).toContain('2026_11_22_07_30_15_001');
  });
});
