/** Disk errors that no test can cause for real, put in at each step of storing. */
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import type { FrameToStore } from '../../../receiver/store/store-port.js';
import type * as durable from '../../../shared/durable-file.js';
import { filesBelow, unfinishedBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** Calls until one fails; undefined: none does. */
const fault = vi.hoisted(() => ({ after: Infinity, code: 'EIO' }));

vi.mock('../../../shared/durable-file.js', async (importOriginal) => {
  const real = await importOriginal<typeof durable>();
  const step = (): void => {
    fault.after -= 1;
    if (fault.after < 0)
      throw Object.assign(new Error(`${fault.code}: injected`), { code: fault.code });
  };
  return {
    ...real,
    makeDirectory: async (path: string) => {
      step();
      await real.makeDirectory(path);
    },
    flushToDisk: async (path: string) => {
      step();
      await real.flushToDisk(path);
    },
    writeNewFile: async (...args: Parameters<typeof real.writeNewFile>) => {
      await real.writeNewFile(...args);
      step();
    },
  } satisfies typeof durable;
});

const jpeg = makeJpeg(1);
const frame: FrameToStore = {
  camera: 'yard',
  jpeg,
  sha256: createHash('sha256').update(jpeg).digest('hex'),
  capturedAtMs: Date.UTC(2026, 10, 22),
  receivedAtMs: Date.UTC(2026, 10, 22),
  utcOffsetMinutes: 0,
  id: { epoch: 'e'.repeat(32), sequence: 1 },
  verdict: undefined,
};

describe.each([
  ['EIO', 'the disk has errors'],
  ['EDQUOT', 'the quota is used up'],
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'read-only'],
])('%s', (code, words) => {
  it('at any step is told as such, leaves nothing unfinished, and is over when it is over', async () => {
    fault.code = code;
    let failures = 0;
    for (let after = 0; ; after += 1) {
      const directory = temporaryDirectory();
      fault.after = Infinity;
      const store = await openFrameStore(directory, Date.now());
      fault.after = after;
      const hint = expect.stringContaining(words) as string;
      const failure: unknown = await store.put(frame).then(
        () => undefined,
        (error: unknown) => error,
      );
      const isStored = failure === undefined;
      fault.after = Infinity;
      expect(unfinishedBelow(directory)).toEqual([]);
      if (!isStored) expect(failure).toMatchObject({ code: 'STORE', hint });
      const again = await store.put(frame);
      expect(filesBelow(directory)).toEqual([again.name]);
      expect((await store.put(frame)).duplicate).toBe(true);
      if (isStored) break;
      failures += 1;
    }
    // Three folders with their parents, the file, its directory.
    expect(failures).toBeGreaterThanOrEqual(8);
  });
});
