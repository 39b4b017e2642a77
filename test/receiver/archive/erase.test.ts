/** A stretch of time that is erased: nothing of it is left but that it was done, and nothing else is touched. */
import {
  appendFileSync,
  existsSync,
  lstatSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { setImmediate } from 'node:timers/promises';
import { eraseInBucket } from '../../../receiver/archive/bucket/erase-in-bucket.js';
import { keepInBucket } from '../../../receiver/archive/bucket/keep-in-bucket.js';
import { withSweepLease } from '../../../receiver/archive/bucket/sweep-lease.js';
import type { Stretch } from '../../../receiver/archive/erase-stretch.js';
import { erase, readStretch } from '../../../receiver/archive/erase.js';
import { keepFrames } from '../../../receiver/archive/retention/keep.js';
import { keepingDirectory } from '../../../receiver/archive/retention/keep-in-directory.js';
import { withSweepLock } from '../../../receiver/archive/retention/sweep-lock.js';
import { BucketCaptures } from '../../../receiver/store/s3/bucket-captures.js';
import { openBucketStore } from '../../../receiver/store/s3/bucket-store.js';
import { addNotes } from '../../../receiver/store/s3/record-writer.js';
import { type Erasure, erasuresName, readErasures } from '../../../receiver/store/erasures.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { Folder } from '../../../receiver/store/folder.js';
import { noteLine } from '../../../receiver/store/store-note.js';
import { filesBelow } from '../../support/files.js';
import { clientOf, pausingClock } from '../../support/s3-bucket.js';
import { startS3Stub } from '../../support/s3-stub.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { day, epoch, frameOf, gapOf, nameOf, reportOf } from '../store/given.js';

const { capturedAtMs } = frameOf(0);
const atMs = capturedAtMs + 60_000;
const erasure = (from: number, to: number): Erasure => ({
  ...{ camera: 'yard', atMs, why: 'a guest asked for it' },
  ...{ fromLocalMs: capturedAtMs + from, toLocalMs: capturedAtMs + to },
});

const bytesOf = (...numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + frameOf(number).jpeg.length, 0);

async function makeStore(frames: number) {
  const directory = temporaryDirectory();
  const store = await openFrameStore(directory, Date.now());
  onTestFinished(() => store.close());
  for (let number = 0; number < frames; number += 1) await store.put(frameOf(number));
  const captures = await Folder.open(directory);
  onTestFinished(() => captures.close());
  const recordPath = join(directory, day, 'record.jsonl');
  const left = (): string[] => filesBelow(directory).filter((name) => name.endsWith('.jpg'));
  const record = (): string => readFileSync(recordPath, 'utf8');
  return { directory, store, captures, recordPath, left, record };
}

describe('a stretch of which a frame is kept while the erasure waits for another process', () => {
  it('stays as it is, in a directory and in a bucket, and so does what comes later', async () => {
    const refuse = ({ keptFrames }: Stretch): void => {
      if (keptFrames > 0) throw new Error(`${keptFrames} kept`);
    };
    const name = nameOf(2).slice(day.length + 1);
    const note = { kind: 'kept', camera: 'yard', atMs, names: [name] } as const;
    const { captures, left, record, recordPath, directory } = await makeStore(4);
    const before = left();
    let waiting: Promise<unknown> | undefined;
    await withSweepLock(captures, 1, async () => {
      waiting = expect(erase(captures, erasure(0, 4), refuse)).rejects.toThrow('1 kept');
      await setImmediate();
      appendFileSync(recordPath, noteLine(note));
    });
    await waiting;
    expect(left()).toEqual(before);
    expect(record()).not.toContain('"summary"');
    expect(existsSync(join(directory, 'yard', erasuresName))).toBe(false);

    const stub = await startS3Stub();
    const client = clientOf(stub);
    const parts = { client, clock: pausingClock() };
    const store = await openBucketStore(parts);
    onTestFinished(() => store.close());
    await store.put(frameOf(2));
    await withSweepLease({ ...parts, waitMs: 0 }, async () => {
      waiting = expect(
        eraseInBucket({ ...parts, learnMs: 0 }, erasure(0, 4), refuse),
      ).rejects.toThrow('1 kept');
      await addNotes(client, day, [note]);
    });
    await waiting;
    const keys = [...stub.objects].filter(([, { body }]) => body.length > 0).map(([key]) => key);
    expect(keys).toContain(`cams/${nameOf(2)}`);
    expect(keys.filter((key) => key.includes('.erasures/'))).toEqual([]);
  });
});

describe('an erased stretch', () => {
  it('has no files and no lines, and what is sent again is not stored', async () => {
    const { directory, store, captures, left, record } = await makeStore(6);
    await store.recordGap(gapOf(6));
    await store.recordReport(reportOf(7));
    const before = record().split('\n');
    expect(await erase(captures, erasure(1, 4))).toEqual({
      ...{ frames: 3, byteCount: bytesOf(1, 2, 3), days: 1, left: [] },
    });
    const kept = [0, 4, 5];
    expect(left()).toEqual(kept.map((number) => nameOf(number)));
    const after = record().split('\n');
    const summary = { summary: 1, why: 'erased', frames: 3, entries: [[epoch, [[1, 3]]]] };
    expect(JSON.parse(after[0] ?? '')).toMatchObject(summary);
    const rest = before.filter((_, index) => ![1, 2, 3].includes(index));
    expect(after.slice(1)).toEqual(rest);
    for (const number of [1, 2, 3]) {
      const hash = frameOf(number).sha256;
      expect(record()).not.toContain(hash);
      await store.put(frameOf(number));
    }
    expect(left()).toHaveLength(3);
    const text = readFileSync(join(directory, 'yard', erasuresName), 'utf8');
    expect(readErasures(text)).toEqual([erasure(1, 4)]);
  });

  it('is erased once more after a kill at any step', async () => {
    const { directory, captures, recordPath, left, record } = await makeStore(3);
    const name = nameOf(1).split('/').at(-1) ?? '';
    const note = { kind: 'deleted', camera: 'yard', atMs, why: 'erased', names: [name] } as const;
    // Killed after the lines of the deletion, before the file was removed.
    appendFileSync(recordPath, noteLine({ ...note, byteCount: 1 }));
    await erase(captures, erasure(1, 2));
    expect(left()).toEqual([nameOf(0), nameOf(2)]);
    expect(record()).not.toContain(name);
    // Killed after the file of the next one was removed, before its line.
    rmSync(join(directory, nameOf(2)));
    await erase(captures, erasure(2, 3));
    expect(record()).not.toContain(frameOf(2).sha256);
    expect(record()).toContain(frameOf(0).sha256);
  });

  it('has no files without a line either, and leaves links and foreign files', async () => {
    const { directory, captures, recordPath, left } = await makeStore(5);
    const lines = readFileSync(recordPath, 'utf8').split('\n');
    writeFileSync(recordPath, lines.filter((_, index) => index !== 2).join('\n'));
    writeFileSync(join(directory, nameOf(3)), 'another file');
    rmSync(join(directory, nameOf(4)));
    symlinkSync('/etc/passwd', join(directory, nameOf(4)));
    writeFileSync(join(directory, day, 'notes.txt'), 'mine');
    const erased = await erase(captures, erasure(0, 5));
    expect(erased).toMatchObject({ frames: 3 });
    expect(erased.left).toEqual([3, 4].map((n) => `${nameOf(n)} is not the file of the record`));
    expect(left()).toEqual([nameOf(3)]);
    expect(lstatSync(join(directory, nameOf(4))).isSymbolicLink()).toBe(true);
    expect(existsSync(join(directory, day, 'notes.txt'))).toBe(true);
  });

  it('counts the frames that are kept', async () => {
    const { captures, recordPath } = await makeStore(3);
    const names = [nameOf(1).split('/').at(-1) ?? ''];
    appendFileSync(recordPath, noteLine({ kind: 'kept', camera: 'yard', atMs, names }));
    const stretch = await readStretch(captures, erasure(0, 2));
    expect(stretch).toMatchObject({ frames: 2, keptFrames: 1, utcOffsetMinutes: 0 });
  });
});

describe('frames that a killed sweep has deleted by their record only', () => {
  const names = [nameOf(1).slice(day.length + 1)];
  const note = { kind: 'deleted', camera: 'yard', atMs, why: 'max-age', names } as const;
  const lines = [{ ...note, byteCount: bytesOf(1) }];
  const target = { kind: 'file', camera: 'yard', day, name: names[0] ?? '' } as const;
  const wish = { kind: 'kept', note: undefined, atMs } as const;

  async function directory() {
    const { captures, recordPath, left } = await makeStore(4);
    await withSweepLock(captures, 1, async (lock) => {
      await lock.begin(day);
      appendFileSync(recordPath, lines.map(noteLine).join(''));
    });
    return {
      keep: () => keepFrames(keepingDirectory(captures), target, wish),
      eraseAnother: () => erase(captures, erasure(2, 3)),
      left: () => Promise.resolve(left()),
    };
  }

  async function bucket() {
    const client = clientOf(await startS3Stub());
    const parts = { client, clock: pausingClock(), waitMs: 60_000 };
    const store = await openBucketStore(parts);
    onTestFinished(() => store.close());
    for (const number of [0, 1, 2, 3]) await store.put(frameOf(number));
    await withSweepLease(parts, async (lease) => {
      await lease.begin(day);
      await addNotes(client, day, lines);
    });
    return {
      keep: () => keepInBucket(parts, target, wish),
      eraseAnother: () => eraseInBucket(parts, erasure(2, 3)),
      left: async () =>
        (await new BucketCaptures(client).frames(day)).map(({ name }) => `${day}/${name}`),
    };
  }

  it.each(Object.entries({ directory, bucket }))('are not kept: in a %s', async (_, make) => {
    const { keep } = await make();
    await expect(keep()).rejects.toThrow(/is deleted by its record: the next sweep removes it$/);
  });

  it.each(Object.entries({ directory, bucket }))(
    'are removed before an erasure of another stretch: in a %s',
    async (_, make) => {
      const { eraseAnother, left } = await make();
      expect(await eraseAnother()).toMatchObject({ frames: 1, left: [] });
      expect(await left()).toEqual([nameOf(0), nameOf(3)]);
    },
  );
});
