/** Entries that are gone on purpose do not come back, and a record that is replaced loses no line. */
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DayRecord } from '../../../receiver/store/day-record.js';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { type StoreNote, noteLine } from '../../../receiver/store/store-note.js';
import type { FrameToStore } from '../../../receiver/store/store-port.js';
import { filesBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, epoch, frameOf, gapOf, nameOf, reportOf } from './given.js';

const atMs = Date.UTC(2026, 10, 23);
const common = { camera: 'yard', atMs };

async function makeStore() {
  const directory = temporaryDirectory();
  const open = async () => {
    const store = await openFrameStore(directory, Date.now());
    onTestFinished(() => store.close());
    return store;
  };
  const record = join(directory, day, 'record.jsonl');
  const note = (line: StoreNote): void => appendFileSync(record, noteLine(line));
  const remove = (...names: string[]): void => {
    const base = names.map((name) => name.slice(day.length + 1));
    note({ kind: 'deleted', ...common, why: 'max-age', names: base, byteCount: 1 });
    for (const name of names) unlinkSync(join(directory, name));
  };
  const frames = (): string[] => filesBelow(directory).filter((name) => name.endsWith('.jpg'));
  return { directory, store: await open(), open, record, note, remove, frames };
}

/** Of the lines of sequences 1 to 9. */
const summary: StoreNote = {
  ...{ kind: 'summary', ...common, fromMs: 0, toMs: frameOf(9).capturedAtMs, why: 'deleted' },
  ...{ frames: 9, byteCount: 9, gaps: 0, reports: 0 },
  entries: [{ epoch, ranges: [[1, 9]] }],
};

describe('a frame that was deleted', () => {
  it('is a duplicate when it is sent again, also for the next process', async () => {
    const { store, open, remove, frames } = await makeStore();
    await store.put(frameOf(1));
    await store.put(frameOf(2));
    remove(nameOf(1));
    for (const each of [store, await open()]) {
      expect(await each.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
      expect(frames()).toEqual([nameOf(2)]);
    }
  });

  it('is a duplicate while its file is still there', async () => {
    const { directory, store, note, frames } = await makeStore();
    await store.put(frameOf(1));
    const names = [nameOf(1).slice(day.length + 1)];
    note({ kind: 'deleted', ...common, why: 'max-age', names, byteCount: 1 });
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
    rmSync(join(directory, nameOf(1)));
    expect(frames()).toEqual([]);
  });

  it('leaves its name to no other frame', async () => {
    const { store, open, remove, frames } = await makeStore();
    const { capturedAtMs } = frameOf(1);
    const twin = (sequence: number): FrameToStore => frameOf(sequence, { capturedAtMs });
    const count = 12;
    const names = Array.from({ length: count }, (_, index) => nameOf(1, index + 1));
    for (let sequence = 1; sequence <= count; sequence += 1) await store.put(twin(sequence));
    remove(...names);
    expect((await store.put(twin(count + 1))).name).toBe(nameOf(1, count + 1));
    const next = await open();
    expect((await next.put(twin(count + 2))).name).toBe(nameOf(1, count + 2));
    for (let sequence = 1; sequence <= count; sequence += 1) {
      expect((await next.put(twin(sequence))).duplicate).toBe(true);
    }
    expect(frames()).toHaveLength(2);
  });

  it('of a camera without a clock is a duplicate on a later day', async () => {
    const { directory, store, frames } = await makeStore();
    const lost = frameOf(1, { capturedAtMs: 5000, jpeg: makeJpeg(1) });
    const { name } = await store.put(lost);
    const [camera = '', unclocked = '', first = '', file = ''] = name.split('/');
    const line = noteLine({
      ...{ kind: 'deleted', ...common, why: 'max-age', names: [file], byteCount: 1 },
    });
    appendFileSync(join(directory, camera, unclocked, first, 'record.jsonl'), line);
    unlinkSync(join(directory, name));
    const later = { ...lost, receivedAtMs: lost.receivedAtMs + 86_400_000 };
    expect(await store.put(later)).toEqual({ name, duplicate: true });
    expect(frames()).toEqual([]);
  });
});

describe('an entry whose line a summary stands for', () => {
  it('is a duplicate: a frame, a gap and a report', async () => {
    const { directory, store, record, frames } = await makeStore();
    await store.put(frameOf(10));
    writeFileSync(record, noteLine(summary));
    for (const each of [store, await openFrameStore(directory, Date.now())]) {
      expect((await each.put(frameOf(3))).duplicate).toBe(true);
      const lastCapturedAtMs = frameOf(9).capturedAtMs;
      expect((await each.recordGap(gapOf(4, { lastCapturedAtMs }))).duplicate).toBe(true);
      const report = { fromMs: 1, toMs: lastCapturedAtMs };
      expect((await each.recordReport(reportOf(5, report))).duplicate).toBe(true);
    }
    expect(frames()).toEqual([nameOf(10)]);
    expect(readFileSync(record, 'utf8')).toBe(noteLine(summary));
  });

  it('is stored when it is another one: by its epoch, its sequence, or captured later', async () => {
    const { store, record } = await makeStore();
    await store.put(frameOf(0));
    appendFileSync(record, noteLine(summary));
    const others = [
      frameOf(3, { id: { epoch: 'f'.repeat(32), sequence: 3 } }),
      frameOf(8, { id: { epoch, sequence: 10 } }),
      frameOf(100, { id: { epoch, sequence: 7 } }),
    ];
    for (const each of others) expect((await store.put(each)).duplicate).toBe(false);
  });
});

describe('a record that is replaced while it is open', () => {
  it('takes the next lines', async () => {
    const { directory, store, record } = await makeStore();
    await store.put(frameOf(1));
    const copy = join(directory, 'copy');
    writeFileSync(copy, noteLine(summary));
    renameSync(copy, record);
    await store.put(frameOf(12));
    await store.recordReport(reportOf(13));
    const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => line.slice(0, 11))).toEqual([
      '{"summary":',
      '{"frame":1,',
      '{"report":1',
    ]);
  });

  it('takes a line also when it is replaced just before the write', async () => {
    const directory = temporaryDirectory();
    const folder = await Folder.open(directory);
    onTestFinished(() => folder.close());
    const record = new DayRecord();
    await record.append(folder, 'first\n', undefined);
    const lstat = folder.lstat.bind(folder);
    let replacements = 0;
    folder.lstat = (name) => {
      const stats = lstat(name);
      if (replacements < 2) {
        replacements += 1;
        writeFileSync(join(directory, 'copy'), `file ${replacements}\n`);
        renameSync(join(directory, 'copy'), join(directory, 'record.jsonl'));
      }
      return stats;
    };
    await record.appendAndFlush(folder, 'second\n', { kind: 'line', key: 'second' });
    expect(readFileSync(join(directory, 'record.jsonl'), 'utf8')).toBe('file 2\nsecond\n');
    expect(record.hasLine('second')).toBe(true);
  });
});
