/** The first writers of a keys folder, at once: the lock that they need is not there yet. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CameraFile } from '../../../../receiver/access/keys/camera-file.js';
import { KeyFolder } from '../../../../receiver/access/keys/key-folder.js';
import { diskDirectory } from '../../../support/temporary.js';

it('lose no change of each other', async () => {
  const addOne = (file: CameraFile): CameraFile => {
    const { pinnedAtMs = 0 } = file.signer ?? {};
    return { ...file, signer: { publicKey: 'key', pinnedAtMs: pinnedAtMs + 1 } };
  };
  for (let round = 0; round < 60; round += 1) {
    const path = join(diskDirectory(), 'keys');
    const writers = Array.from({ length: 4 }, () => new KeyFolder(path));
    await Promise.all(writers.map((folder) => folder.update('yard', addOne)));
    expect(new KeyFolder(path).read('yard')?.signer?.pinnedAtMs, `round ${round}`).toBe(4);
  }
});
