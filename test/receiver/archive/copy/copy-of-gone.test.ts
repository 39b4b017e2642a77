/** Copies of stores that have erased, deleted or lost frames. */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { compactRecord } from '../../../../receiver/archive/compact-record.js';
import { within } from '../../../../receiver/archive/captures-reader.js';
import { openBucketTarget } from '../../../../receiver/archive/copy/bucket-target.js';
import { copyCaptures } from '../../../../receiver/archive/copy/copy-captures.js';
import type { CopyTarget } from '../../../../receiver/archive/copy/copy-target.js';
import { openDirectoryTarget } from '../../../../receiver/archive/copy/directory-target.js';
import { DirectoryCaptures } from '../../../../receiver/archive/directory-captures.js';
import { erase } from '../../../../receiver/archive/erase.js';
import { deleteFrames } from '../../../../receiver/archive/retention/delete-frames.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { day, frameOf, nameOf } from '../../store/given.js';

const { capturedAtMs: secondAtMs } = frameOf(2);
const erasure = {
  ...{ camera: 'yard', atMs: secondAtMs + 60_000, why: 'asked' },
  ...{ fromLocalMs: secondAtMs, toLocalMs: secondAtMs + 1 },
};

async function open(directory: string): Promise<Folder> {
  const root = await Folder.open(directory);
  onTestFinished(() => root.close());
  return root;
}

/** A captures directory with three frames, and a copy of it as it was. */
async function makeStores() {
  const directory = join(temporaryDirectory(), 'now');
  const store = await openFrameStore(directory, Date.now());
  for (const number of [1, 2, 3]) await store.put(frameOf(number));
  await store.close();
  const old = join(temporaryDirectory(), 'old');
  cpSync(directory, old, { recursive: true });
  return { directory, root: await open(directory), old: new DirectoryCaptures(await open(old)) };
}

async function copy(from: DirectoryCaptures, target: CopyTarget) {
  const faults: string[] = [];
  const copied = await copyCaptures(from, target, {
    onFault: (sentence) => faults.push(sentence),
    onBytes: () => undefined,
  });
  return { ...copied, faults };
}

async function copyInto(directory: string, from: DirectoryCaptures) {
  const target = await openDirectoryTarget(directory);
  onTestFinished(() => target.close());
  return await copy(from, target);
}

const recordIn = (directory: string): string =>
  readFileSync(join(directory, day, 'record.jsonl'), 'utf8');

describe('a copy of an older state', () => {
  it('brings back no frame of a stretch that was erased since, and no line of it', async () => {
    const { directory, root, old } = await makeStores();
    expect(await erase(root, erasure)).toMatchObject({ frames: 1 });
    const record = recordIn(directory);
    expect(await copyInto(directory, old)).toMatchObject({
      ...{ faults: [], frames: 0, there: 2, deleted: 1, lines: 0 },
    });
    expect(recordIn(directory)).toBe(record);
    const captures = new DirectoryCaptures(root);
    expect(await captures.readFrame(nameOf(2))).toBeUndefined();
  });

  it('brings back no frame of an erased stretch into a new bucket that has the erasure', async () => {
    const { root, old } = await makeStores();
    await erase(root, erasure);
    const stub = await startS3Stub();
    const target = await openBucketTarget(clientOf(stub));
    expect(await copy(new DirectoryCaptures(root), target)).toMatchObject({ frames: 2 });
    expect(await copy(old, target)).toMatchObject({ faults: [], frames: 0, deleted: 1, lines: 0 });
    expect([...stub.objects.keys()]).not.toContain(`cams/${nameOf(2)}`);
  });

  it('brings back no frame that was deleted, when a summary stands for its line', async () => {
    const { directory, root, old } = await makeStores();
    const { capturedAtMs: atMs, jpeg } = frameOf(1);
    const sizes = { byteCount: jpeg.length, diskBytes: jpeg.length };
    const name = nameOf(1).slice(day.length + 1);
    await within(root, day.split('/'), async (folder) => {
      const gone = { name, atMs, ...sizes, event: undefined, why: 'max-age' } as const;
      await deleteFrames(folder, 'yard', [gone], erasure.atMs);
      await compactRecord(folder, {
        ...{ camera: 'yard', atMs: erasure.atMs, why: 'deleted' },
        isGone: (entry) => entry.kind === 'frame' && entry.name === name,
      });
    });
    const record = recordIn(directory);
    expect(record).toContain('"summary"');
    expect(await copyInto(directory, old)).toMatchObject({
      ...{ faults: [], frames: 0, there: 2, deleted: 1, lines: 0 },
    });
    expect(recordIn(directory)).toBe(record);
  });
});

describe('a copy of a store that has lost a frame', () => {
  it('names it, unless the target has it', async () => {
    const { directory, root, old } = await makeStores();
    rmSync(join(directory, nameOf(2)));
    const captures = new DirectoryCaptures(root);
    const target = join(temporaryDirectory(), 'copy');
    expect(await copyInto(target, captures)).toMatchObject({
      ...{ frames: 2, faults: [`${nameOf(2)} is recorded, and not there: receiver verify`] },
    });
    await copyInto(target, old);
    expect(await copyInto(target, captures)).toMatchObject({ frames: 0, there: 2, faults: [] });
  });

  it('does not name one that a sweep deletes meanwhile', async () => {
    const { directory, root } = await makeStores();
    const captures = new DirectoryCaptures(root);
    const { capturedAtMs: atMs, jpeg } = frameOf(1);
    const name = nameOf(1).slice(day.length + 1);
    const sizes = { byteCount: jpeg.length, diskBytes: jpeg.length };
    const readRecord = captures.readRecord.bind(captures);
    let isDeleted = false;
    vi.spyOn(captures, 'readRecord').mockImplementation(async (path) => {
      const record = await readRecord(path);
      if (!isDeleted) {
        isDeleted = true;
        await within(root, day.split('/'), async (folder) => {
          const gone = { name, atMs, ...sizes, event: undefined, why: 'max-age' } as const;
          await deleteFrames(folder, 'yard', [gone], erasure.atMs);
        });
      }
      return record;
    });
    const target = join(temporaryDirectory(), 'copy');
    expect(await copyInto(target, captures)).toMatchObject({ frames: 2, faults: [] });
    expect(recordIn(directory)).toContain('"deleted"');
  });
});
