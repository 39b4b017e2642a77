/** Captures copied between directories and a bucket. */
import { appendFileSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { framesIn } from '../../../../receiver/archive/copy/copied-lines.js';
import { bytesToCopy } from '../../../../receiver/archive/copy/copy-captures.js';
import { openDirectoryTarget } from '../../../../receiver/archive/copy/directory-target.js';
import { appendErasure } from '../../../../receiver/archive/erase.js';
import { within } from '../../../../receiver/archive/captures-reader.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { bucketWorld } from '../../../support/bucket-world.js';
import { filesBelow } from '../../../support/files.js';
import { makeJpeg } from '../../../support/pictures.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { day, frameOf, gapOf, nameOf, receivedAtMs, reportOf } from '../../store/given.js';

import { makeCaptures, makeBucket, makeDirectory, copy, contentOf } from './copy-world.js';
describe('a copy of a directory', () => {
  it('into a bucket and back has the same bytes, and the times of the files', async () => {
    const { directory, captures } = await makeCaptures();
    const bucket = await makeBucket();
    const there = await copy(captures, bucket.target);
    expect(there).toMatchObject({ faults: [], copied: { frames: 8, there: 0, cameras: 3 } });
    expect(there.bytes).toBe(await bytesToCopy(captures));
    const back = await makeDirectory();
    expect(await copy(bucket.captures, back.target)).toMatchObject({
      ...{ faults: [], copied: { frames: 8, lines: there.copied.lines } },
    });
    expect(contentOf(back.directory)).toEqual(contentOf(directory));
    const times = [directory, back.directory].map(
      (each) => statSync(join(each, nameOf(1))).mtimeMs,
    );
    expect(times[1]).toBe(times[0]);
  });

  it('into a directory has the same bytes', async () => {
    const { directory, captures } = await makeCaptures();
    const { directory: path, target } = await makeDirectory();
    expect((await copy(captures, target)).faults).toEqual([]);
    expect(contentOf(path)).toEqual(contentOf(directory));
  });

  it('while frames arrive has a line of each frame, and each frame of a line; the next one has the rest', async () => {
    const { directory, captures } = await makeCaptures();
    const { directory: path, target } = await makeDirectory();
    let number = 100;
    // A frame arrives after each look at the record of the day.
    const readRecord = captures.readRecord.bind(captures);
    const reading = vi.spyOn(captures, 'readRecord').mockImplementation(async (of) => {
      const record = await readRecord(of);
      if (of !== day) return record;
      const store = await openFrameStore(directory, Date.now());
      await store.put(frameOf((number += 1)));
      await store.close();
      return record;
    });
    const { faults, copied } = await copy(captures, target);
    reading.mockRestore();
    expect({ faults, frames: copied.frames }).toEqual({ faults: [], frames: 8 });
    const { frames } = framesIn(readFileSync(join(path, day, 'record.jsonl')));
    const names = filesBelow(join(path, day)).filter((name) => name.endsWith('.jpg'));
    expect([...frames.keys()].sort()).toEqual(names.sort());
    await copy(captures, target);
    expect(contentOf(path)).toEqual(contentOf(directory));
  });

  it('that is made again copies what is new, and reads no frame from the bucket', async () => {
    const { directory, captures } = await makeCaptures();
    const { stub, target } = await makeBucket();
    await copy(captures, target);
    const store = await openFrameStore(directory, Date.now());
    await store.put(frameOf(8));
    await store.close();
    stub.seen.length = 0;
    const { copied, faults } = await copy(captures, target);
    expect({ copied, faults }).toMatchObject({
      faults: [],
      copied: { frames: 1, there: 8, lines: 1 },
    });
    const of = (wanted: string): string[] =>
      stub.seen.flatMap(({ method, key }) =>
        method === wanted && key.endsWith('.jpg') ? [key] : [],
      );
    expect(of('PUT')).toEqual([`cams/${nameOf(8)}`]);
    expect(of('GET')).toEqual([]);
  });

  it('that was cut off continues', async () => {
    const { directory, captures } = await makeCaptures();
    const { stub, target, captures: bucket } = await makeBucket();
    let left = 4;
    stub.fault = ({ method }) => {
      if (method === 'PUT') left -= 1;
      return left < 0 ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
    };
    await expect(copy(captures, target)).rejects.toMatchObject({ code: 'STORE' });
    stub.fault = () => undefined;
    const { copied, faults } = await copy(captures, target);
    expect(faults).toEqual([]);
    expect(copied.there).toBeGreaterThan(0);
    const back = await makeDirectory();
    await copy(bucket, back.target);
    expect(contentOf(back.directory)).toEqual(contentOf(directory));
  });

  it('tells the bucket which frames it has: a repeat is a duplicate', async () => {
    const { captures } = await makeCaptures();
    const { stub, target } = await makeBucket();
    await copy(captures, target);
    const store = await bucketWorld((changes) => clientOf(stub, changes)).open();
    expect(await store.put(frameOf(1))).toEqual({ name: nameOf(1), duplicate: true });
    const twin = {
      capturedAtMs: frameOf(1).capturedAtMs,
      id: { epoch: 'f'.repeat(32), sequence: 9 },
    };
    expect(await store.put(frameOf(9, twin))).toEqual({ name: nameOf(1, 2), duplicate: true });
    expect((await store.recordGap(gapOf(20))).duplicate).toBe(true);
    expect((await store.recordReport(reportOf(21))).duplicate).toBe(true);
    expect((await store.put(frameOf(22))).duplicate).toBe(false);
  });
});

describe('what a copy does not hide', () => {
  it('is a frame that is not as recorded: it is named, and left out', async () => {
    const { directory, captures } = await makeCaptures();
    const { stub, target } = await makeBucket();
    writeFileSync(join(directory, nameOf(2)), makeJpeg(77));
    const { copied, faults } = await copy(captures, target);
    expect(faults).toEqual([`${nameOf(2)} is not as recorded, and not copied: receiver verify`]);
    expect(copied.frames).toBe(7);
    expect([...stub.objects.keys()]).not.toContain(`cams/${nameOf(2)}`);
  });

  it.each(['bucket', 'directory'] as const)(
    'are other bytes under a name of the target, a %s: they stay',
    async (kind) => {
      const { captures } = await makeCaptures();
      const { target } = kind === 'bucket' ? await makeBucket() : await makeDirectory();
      const other = { path: nameOf(2), jpeg: makeJpeg(77), sha256: 'a'.repeat(64), key: undefined };
      await target.addFrame(other);
      const { copied, faults } = await copy(captures, target);
      expect(faults).toEqual([`${nameOf(2)} has other bytes in the target, which stay`]);
      expect(copied.frames).toBe(7);
      expect(await target.readFrame(nameOf(2))).toEqual(makeJpeg(77));
    },
  );

  it('is a frame of the target whose time was erased in the source', async () => {
    const { directory, captures } = await makeCaptures();
    const { target } = await makeDirectory();
    await copy(captures, target);
    const { capturedAtMs: fromLocalMs } = frameOf(2);
    const root = await Folder.open(directory);
    const erasure = { camera: 'yard', atMs: 9, fromLocalMs, toLocalMs: fromLocalMs + 1, why: 'x' };
    await within(root, ['yard'], (folder) => appendErasure(folder, erasure));
    await root.close();
    rmSync(join(directory, nameOf(2)));
    expect((await copy(captures, target)).faults).toEqual([
      `${nameOf(2)} is of an erased stretch, and still in the target`,
    ]);
    expect(await target.erasures('yard')).toHaveLength(3);
  });
});

describe('what was deleted', () => {
  const names = [nameOf(1).slice(day.length + 1)];
  const deleted = `${JSON.stringify({ deleted: 1, camera: 'yard', at: receivedAtMs, why: 'max-age', names, bytes: 9 })}\n`;

  it('in the source after a copy stays in the target', async () => {
    const { directory, captures } = await makeCaptures();
    const { target } = await makeDirectory();
    await copy(captures, target);
    rmSync(join(directory, nameOf(1)));
    appendFileSync(join(directory, day, 'record.jsonl'), deleted);
    expect(await copy(captures, target)).toMatchObject({
      faults: [],
      copied: { frames: 0, lines: 0 },
    });
    expect(await target.readFrame(nameOf(1))).toEqual(makeJpeg(1));
  });

  it('in the target does not come back', async () => {
    const { captures } = await makeCaptures();
    const { target, directory } = await makeDirectory();
    await copy(captures, target);
    rmSync(join(directory, nameOf(1)));
    appendFileSync(join(directory, day, 'record.jsonl'), deleted);
    expect(await copy(captures, target)).toMatchObject({
      faults: [],
      copied: { frames: 0, deleted: 1 },
    });
    expect(await target.readFrame(nameOf(1))).toBeUndefined();
  });
});

describe('a directory that is copied into', () => {
  it('is new, empty or a captures directory', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'letter.txt'), 'mine');
    await expect(openDirectoryTarget(directory)).rejects.toMatchObject({
      ...{ code: 'STORE', message: `${directory} has files, and is no captures directory` },
    });
    expect(filesBelow(directory, { hidden: true })).toEqual(['letter.txt']);
  });

  it('keeps no unfinished file of a frame that it has', async () => {
    const { captures } = await makeCaptures();
    const { target, directory } = await makeDirectory();
    await copy(captures, target);
    const frame = { path: nameOf(1), jpeg: makeJpeg(1), sha256: frameOf(1).sha256, key: undefined };
    utimesSync(join(directory, nameOf(1)), 5, 5);
    expect(await target.addFrame(frame)).toBe('the same');
    expect(filesBelow(directory, { hidden: true }).filter((name) => /part/.test(name))).toEqual([]);
  });
});
