/** The store on a real file system. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import type { FrameToStore, Gap } from '../../../receiver/store/store-port.js';
import { filesBelow, unfinishedBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';

const capturedAtMs = Date.UTC(2026, 10, 22, 7, 30, 15, 123);
const epoch = '0123456789abcdef0123456789abcdef';

function frame(changes: Partial<FrameToStore> = {}): FrameToStore {
  const { jpeg = makeJpeg(1) } = changes;
  return {
    camera: 'frontdoor',
    jpeg,
    sha256: createHash('sha256').update(jpeg).digest('hex'),
    capturedAtMs,
    receivedAtMs: capturedAtMs + 1000,
    utcOffsetMinutes: 60,
    id: { epoch, sequence: 1 },
    verdict: { reason: 'change', ratio: 0.1, boxes: [] },
    ...changes,
  };
}
function gap(changes: Partial<Gap> = {}): Gap {
  const moment = { capturedAtMs, utcOffsetMinutes: 60, receivedAtMs: capturedAtMs + 1000 };
  const range = { count: 12, lastCapturedAtMs: capturedAtMs + 60_000, why: 'size' };
  return { camera: 'frontdoor', id: { epoch, sequence: 7 }, ...moment, ...range, ...changes };
}

const name = 'frontdoor/2026_11_22/2026_11_22_08_30_15_123+0100.jpg';

describe('a frame store', () => {
  it('stores a frame by camera, day and time, with the capture time as file time', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    expect(await store.put(frame())).toEqual({ name, duplicate: false });
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
    expect(statSync(join(directory, name)).mtimeMs).toBe(capturedAtMs);
    expect(filesBelow(directory)).toEqual([name]);
    expect(unfinishedBelow(directory)).toEqual([]);
  });

  it('recognizes a repeated frame', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(frame());
    expect(await store.put(frame())).toEqual({ name, duplicate: true });
    expect(filesBelow(directory)).toEqual([name]);
    expect(unfinishedBelow(directory)).toEqual([]);
  });

  it('gives another frame of the same millisecond another name', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    await store.put(frame());
    const second = await store.put(frame({ jpeg: makeJpeg(2), id: { epoch, sequence: 2 } }));
    expect(second).toEqual({ name: name.replace('.jpg', '-2.jpg'), duplicate: false });
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
  });

  it('never counts a raw frame as a repeat', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const raw = { camera: 'raw-127-0-0-1', id: undefined };
    await Promise.all(Array.from({ length: 10 }, () => store.put(frame(raw))));
    expect(filesBelow(directory)).toHaveLength(10);
  });

  it('makes one file of one frame stored by two stores at the same time', async () => {
    const directory = temporaryDirectory();
    const one = await openFrameStore(directory, Date.now());
    const other = await openFrameStore(directory, Date.now());
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).put(frame())),
    );
    expect(results.filter((result) => !result.duplicate)).toHaveLength(1);
    expect(filesBelow(directory)).toEqual([name]);
    expect(unfinishedBelow(directory)).toEqual([]);
  });

  it('names a frame of a camera without a clock by epoch and sequence', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    const before = Date.now();
    const stored = await store.put(frame({ capturedAtMs: 86_400_000 }));
    expect(stored.name).toBe(`frontdoor/unclocked/2026_11_22/${epoch}-1.jpg`);
    expect(statSync(join(directory, stored.name)).mtimeMs).toBeGreaterThanOrEqual(before - 1000);
  });

  it('removes unfinished files of killed processes, and nothing else', async () => {
    const directory = temporaryDirectory();
    const incoming = join(directory, 'frontdoor', '.incoming');
    mkdirSync(incoming, { recursive: true });
    writeFileSync(join(incoming, 'a.part'), 'half');
    writeFileSync(join(incoming, 'notes.txt'), 'somebody');
    utimesSync(join(incoming, 'a.part'), 0, 0);
    writeFileSync(join(directory, 'README'), 'mine');
    await openFrameStore(directory, Date.now());
    expect(filesBelow(directory, { hidden: true })).toContain('frontdoor/.incoming/a.part');
    await openFrameStore(directory, Date.now() + 3_600_000);
    const left = filesBelow(directory, { hidden: true });
    expect(left).toEqual(['.picchanged.json', 'README', 'frontdoor/.incoming/notes.txt']);
  });

  it('fails when its directory was removed, and does not make it again', async () => {
    const directory = join(temporaryDirectory(), 'captures');
    const store = await openFrameStore(directory, Date.now());
    rmSync(directory, { recursive: true });
    await expect(store.put(frame())).rejects.toMatchObject({ code: 'STORE' });
    expect(() => statSync(directory)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('stores nothing in a directory put in its place, and continues when it is back', async () => {
    const directory = join(temporaryDirectory(), 'captures');
    const store = await openFrameStore(directory, Date.now());
    renameSync(directory, `${directory}-away`);
    mkdirSync(directory);
    const notThere = {
      code: 'STORE',
      message: expect.stringContaining('unmounted or replaced') as string,
    };
    await expect(store.put(frame())).rejects.toMatchObject(notThere);
    await expect(store.recordGap(gap())).rejects.toMatchObject(notThere);
    expect(filesBelow(directory, { hidden: true })).toEqual([]);
    const other = await openFrameStore(directory, Date.now());
    expect(other.id).not.toBe(store.id);
    await expect(store.put(frame())).rejects.toMatchObject(notThere);
    rmSync(directory, { recursive: true });
    renameSync(`${directory}-away`, directory);
    expect(await store.put(frame())).toEqual({ name, duplicate: false });
  });

  it('makes the folder of a day or of a camera again after its removal', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    for (const removed of ['frontdoor/2026_11_22', 'frontdoor', 'frontdoor/.incoming']) {
      await store.put(frame());
      rmSync(join(directory, removed), { recursive: true });
      expect(
        await store.put(frame({ id: { epoch, sequence: 2 }, jpeg: makeJpeg(2) })),
      ).toBeDefined();
    }
  });

  it('names the file that is in place of the directory', async () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '');
    await expect(openFrameStore(path, Date.now())).rejects.toMatchObject({
      code: 'STORE',
      hint: expect.stringContaining('--dir') as string,
    });
  });

  it('leaves no unfinished file behind when the day cannot be made', async () => {
    const directory = temporaryDirectory();
    const store = await openFrameStore(directory, Date.now());
    mkdirSync(join(directory, 'frontdoor'));
    writeFileSync(join(directory, 'frontdoor', '2026_11_22'), 'in the way');
    chmodSync(directory, 0o755);
    await expect(store.put(frame())).rejects.toMatchObject({ code: 'STORE' });
    expect(filesBelow(directory)).toEqual(['frontdoor/2026_11_22']);
    expect(unfinishedBelow(directory)).toEqual([]);
  });
});
