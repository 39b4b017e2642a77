/** The captures directory and the model in memory do what every store does. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, onTestFinished, vi } from 'vitest';
import { erase } from '../../../receiver/archive/erase.js';
import { within } from '../../../receiver/archive/captures-reader.js';
import { DirectoryCaptures } from '../../../receiver/archive/directory-captures.js';
import { deleteFrames } from '../../../receiver/archive/retention/delete-frames.js';
import { keepingDirectory } from '../../../receiver/archive/retention/keep-in-directory.js';
import { keepFrames } from '../../../receiver/archive/retention/keep.js';
import { withSweepLock } from '../../../receiver/archive/retention/sweep-lock.js';
import { inBlocks } from '../../../receiver/archive/retention/day-total.js';
import { DayRecord } from '../../../receiver/store/day-record.js';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { type StoreWorld, describeStore } from './conformance.js';
import { receivedAtMs } from './given.js';
import { type Fault, Memory } from './memory-store.js';

afterEach(() => void vi.restoreAllMocks());

const full = () => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));

/** The next write of a frame's bytes, or of a line, meets a fault. */
function injectIntoFiles(fault: Fault, into: 'frame' | 'line'): Promise<void> {
  return new Promise((onHappened) => {
    const isKilled = () => {
      onHappened();
      return new Promise<never>(() => undefined);
    };
    const isFull = () => {
      onHappened();
      return full();
    };
    if (fault === 'fails' && into === 'line') {
      vi.spyOn(DayRecord.prototype, 'appendAndFlush').mockImplementationOnce(isFull);
    } else if (fault === 'fails') {
      vi.spyOn(Folder.prototype, 'writeNew').mockImplementationOnce(isFull);
    } else if (fault === 'is cut in the middle') {
      const spy = vi.spyOn(Folder.prototype, 'writeNew');
      spy.mockImplementationOnce(async function (this: Folder, name, bytes) {
        await this.writeNew(name, bytes.subarray(0, bytes.length / 2));
        return await isKilled();
      });
    } else vi.spyOn(DayRecord.prototype, 'append').mockImplementationOnce(isKilled);
  });
}

async function makeDirectoryWorld(): Promise<StoreWorld> {
  const directory = temporaryDirectory();
  const root = await Folder.open(directory);
  onTestFinished(() => root.close());
  const captures = new DirectoryCaptures(root);
  const inDay = (day: string, act: (folder: Folder) => Promise<unknown>) =>
    within(root, day.split('/'), act);
  return {
    captures,
    async open() {
      const store = await openFrameStore(directory, Date.now());
      onTestFinished(() => store.close());
      return store;
    },
    async deleteFrames(day, names) {
      const [camera = ''] = day.split('/');
      const files = await captures.frames(day);
      const planned = files.flatMap(({ name, byteCount }) => {
        const frame = { name, byteCount, diskBytes: inBlocks(byteCount), event: undefined };
        return names.includes(name) ? [{ ...frame, atMs: 0, why: 'max-age' as const }] : [];
      });
      await inDay(day, (folder) => deleteFrames(folder, camera, planned, receivedAtMs));
    },
    async keep(target, wish) {
      await withSweepLock(root, 10, () => keepFrames(keepingDirectory(root), target, wish));
    },
    async erase(erasure) {
      mkdirSync(join(directory, erasure.camera), { recursive: true });
      return await erase(root, erasure);
    },
    injectNext: injectIntoFiles,
  };
}

function makeMemoryWorld(): Promise<StoreWorld> {
  const memory = new Memory();
  return Promise.resolve({
    captures: memory,
    open: () => Promise.resolve(memory.open()),
    deleteFrames: (day, names) => memory.deleteFrames(day, names, receivedAtMs),
    keep: (target, wish) => memory.keep(target, wish),
    erase: (erasure) => memory.erase(erasure),
    injectNext(fault) {
      memory.fault = fault;
      return fault === 'fails'
        ? Promise.resolve()
        : new Promise((resolve) => {
            memory.onCut = resolve;
          });
    },
  });
}

describeStore('a captures directory', makeDirectoryWorld);
describeStore('the model in memory', makeMemoryWorld);
