/** What was erased or deleted does not come back by a copy, and each copy is whole in itself. */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { framesIn } from '../../../../receiver/archive/copy/copied-lines.js';
import { eraseInBucket } from '../../../../receiver/archive/bucket/erase-in-bucket.js';
import { compactRecord } from '../../../../receiver/archive/compact-record.js';
import { erase } from '../../../../receiver/archive/erase.js';
import { within } from '../../../../receiver/archive/captures-reader.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { pausingClock } from '../../../support/s3-bucket.js';
import { day, frameOf, nameOf, receivedAtMs } from '../../store/given.js';

import {
  makeCaptures,
  makeBucket,
  makeDirectory,
  copy,
  contentOf,
  findingsOf,
} from './copy-world.js';
describe('a frame that the source deletes while it is copied', () => {
  it('has its line in the target, and the line that it was deleted', async () => {
    const { directory, captures } = await makeCaptures();
    const { directory: path, target } = await makeDirectory();
    const names = [nameOf(2).slice(day.length + 1)];
    const note = { kind: 'deleted', camera: 'yard', atMs: 5, why: 'max-age', names } as const;
    const readFrame = captures.readFrame.bind(captures);
    const reading = vi.spyOn(captures, 'readFrame').mockImplementation(async (of) => {
      if (of === nameOf(2)) {
        appendFileSync(join(directory, day, 'record.jsonl'), noteLine({ ...note, byteCount: 9 }));
        rmSync(join(directory, of));
      }
      return await readFrame(of);
    });
    expect((await copy(captures, target)).faults).toEqual([]);
    reading.mockRestore();
    const { frames, deleted } = framesIn(readFileSync(join(path, day, 'record.jsonl')));
    expect([...frames.keys()]).toContain(names[0]);
    expect([...deleted]).toEqual(names);
    expect(await findingsOf(path)).toEqual(await findingsOf(directory));
    await copy(captures, target);
    expect(contentOf(path)).toEqual(contentOf(directory));
  });
});

describe('what the target has erased', () => {
  const { capturedAtMs: fromLocalMs } = frameOf(2);
  const erasure = { camera: 'yard', atMs: 9, fromLocalMs, toLocalMs: fromLocalMs + 1, why: 'x' };

  it('does not come back into a directory, nor does its line', async () => {
    const { captures } = await makeCaptures();
    const { directory, target } = await makeDirectory();
    const root = await Folder.open(directory);
    onTestFinished(() => root.close());
    await copy(captures, target);
    await erase(root, erasure);
    const before = contentOf(directory);
    expect(before.has(nameOf(2))).toBe(false);
    expect(await copy(captures, target)).toMatchObject({ faults: [], copied: { frames: 0 } });
    expect(contentOf(directory)).toEqual(before);
  });

  it('does not come back into a bucket that has forgotten which objects it had', async () => {
    const { captures } = await makeCaptures();
    const { stub, target, makeClient } = await makeBucket();
    await copy(captures, target);
    await eraseInBucket({ client: makeClient(), clock: pausingClock(), learnMs: 0 }, erasure);
    stub.objects.delete(`cams/${nameOf(2)}`);
    const record = await target.readRecord(day);
    expect(await copy(captures, target)).toMatchObject({ faults: [], copied: { frames: 0 } });
    expect(await target.readFrame(nameOf(2))).toBeUndefined();
    expect(await target.readRecord(day)).toEqual(record);
  });

  it('is not taken for the first time either, and its number is explained', async () => {
    const { directory: source, captures } = await makeCaptures();
    const { directory, target } = await makeDirectory();
    await target.addErasure(erasure);
    expect(await copy(captures, target)).toMatchObject({ faults: [], copied: { deleted: 1 } });
    expect(await target.readFrame(nameOf(2))).toBeUndefined();
    const record = readFileSync(join(directory, day, 'record.jsonl'), 'utf8');
    expect(record).not.toContain(frameOf(2).sha256);
    expect(record).toContain('{"late":1,"camera":"yard"');
    expect(await findingsOf(directory)).toEqual(await findingsOf(source));
    expect(await copy(captures, target)).toMatchObject({ copied: { lines: 0 } });
  });
});

describe('what the target has deleted, and taken out of its record', () => {
  it('does not come back', async () => {
    const { captures } = await makeCaptures();
    const { directory, target } = await makeDirectory();
    await copy(captures, target);
    const root = await Folder.open(directory);
    onTestFinished(() => root.close());
    rmSync(join(directory, nameOf(2)));
    const name = nameOf(2).slice(day.length + 1);
    await within(root, day.split('/'), (folder) =>
      compactRecord(folder, {
        ...{ camera: 'yard', atMs: receivedAtMs, why: 'deleted' },
        isGone: (entry) => entry.kind === 'frame' && entry.name === name,
      }),
    );
    const before = contentOf(directory);
    expect(await copy(captures, target)).toMatchObject({ faults: [], copied: { frames: 0 } });
    expect(contentOf(directory)).toEqual(before);
  });
});
