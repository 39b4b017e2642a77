/** Injected disk errors at each step of storing a frame. */
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import type { FrameToStore } from '../../../receiver/store/store-port.js';
import { filesBelow, unfinishedBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** Calls until one fails; Infinity: none fails. */
const fault = { after: Infinity, code: 'EIO' };

function step(): void {
  fault.after -= 1;
  if (fault.after < 0)
    throw Object.assign(new Error(`${fault.code}: injected`), { code: fault.code });
}

type Call = (this: Folder, ...args: unknown[]) => never;

/** Counts the calls that a disk can refuse as steps; a failing call has no effect, a failing write has one. */
function failAtEachStep(): void {
  const calls = [
    'makeFolder',
    'openFolder',
    'openFile',
    'openIfThere',
    'createFile',
    'link',
    'sync',
  ];
  for (const method of calls) {
    const real = Reflect.get(Folder.prototype, method) as Call;
    vi.spyOn(Folder.prototype, method as 'sync').mockImplementation(function (
      this: Folder,
      ...args: unknown[]
    ) {
      step();
      return real.apply(this, args);
    });
  }
  const writeNew: Folder['writeNew'] = Reflect.get(Folder.prototype, 'writeNew');
  vi.spyOn(Folder.prototype, 'writeNew').mockImplementation(async function (this: Folder, ...args) {
    await writeNew.apply(this, args);
    step();
  });
}

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

failAtEachStep();

describe.each([
  ['EIO', 'the disk has errors'],
  ['EDQUOT', 'the quota is used up'],
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'read-only'],
])('%s', (code, words) => {
  it('at any step is reported with its hint, leaves no unfinished file, and the retry stores the frame', async () => {
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
    // The folders with their parents, the file, its name, its folder, its line.
    expect(failures).toBeGreaterThanOrEqual(12);
  });
});
