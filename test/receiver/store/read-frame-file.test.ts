/** Reads of stored frames: whole, within a limit, and no links. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { readFrameFile } from '../../../receiver/store/read-frame-file.js';
import { temporaryDirectory } from '../../support/temporary.js';

async function withFolder(act: (folder: Folder, path: string) => Promise<void>): Promise<void> {
  const path = temporaryDirectory();
  const folder = await Folder.open(path);
  try {
    await act(folder, path);
  } finally {
    await folder.close();
  }
}

describe('a frame file', () => {
  it('is read whole up to the limit', () =>
    withFolder(async (folder, path) => {
      const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
      writeFileSync(join(path, 'a.jpg'), bytes);
      writeFileSync(join(path, 'empty.jpg'), '');
      expect(await readFrameFile(folder, 'a.jpg', 5000)).toEqual(bytes);
      expect(await readFrameFile(folder, 'empty.jpg', 5000)).toHaveLength(0);
      await expect(readFrameFile(folder, 'a.jpg', 4999)).rejects.toMatchObject({
        code: 'FRAME',
        message: `${join(path, 'a.jpg')} has 5000 bytes; the limit is 4999`,
      });
    }));

  it('is not read through a link, and not when it is missing', () =>
    withFolder(async (folder, path) => {
      writeFileSync(join(path, 'a.jpg'), 'x');
      symlinkSync('a.jpg', join(path, 'link.jpg'));
      await expect(readFrameFile(folder, 'link.jpg', 9)).rejects.toMatchObject({ code: 'STORE' });
      await expect(readFrameFile(folder, 'none.jpg', 9)).rejects.toMatchObject({ code: 'ENOENT' });
    }));
});
