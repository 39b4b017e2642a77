import fs, { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FolderHandle } from '../../../receiver/store/folder-handle.js';
import { temporaryDirectory } from '../../support/temporary.js';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('an open folder', () => {
  it('keeps its descriptor until a running flush has ended, and is not flushed after its close', async () => {
    let endFlush = (): void => undefined;
    vi.spyOn(fs, 'fsync').mockImplementation((_, callback) => {
      endFlush = () => callback(null);
    });
    syncBuiltinESMExports();
    const handle = FolderHandle.open(temporaryDirectory());
    const { path } = handle;
    const flushed = handle.flush();
    handle.close();
    handle.close();
    expect(existsSync(path)).toBe(true);
    endFlush();
    await flushed;
    expect(existsSync(path)).toBe(false);
    await expect(handle.flush()).rejects.toThrow('a closed folder');
  });
});
