/** Folders held open: how many, for how long, and by which path. */
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CaptureFolders } from '../../../receiver/store/capture-folders.js';
import { Folder } from '../../../receiver/store/folder.js';
import { maxOpenFolders } from '../../../receiver/limits/receiver-limits.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory } from '../../support/temporary.js';

function opened(directory = temporaryDirectory()) {
  const folders = new CaptureFolders(directory, () => Promise.resolve());
  onTestFinished(() => folders.close());
  return { directory, folders };
}
const nothing = (): Promise<void> => Promise.resolve();

describe('folders that are held open', () => {
  it('are closed a moment after their last use', async () => {
    const { directory, folders } = opened();
    await folders.use(['yard/2026_11_22', 'yard/.incoming'], nothing);
    expect(folders.count).toBeGreaterThan(0);
    await eventually(() => folders.count === 0, 'all to be closed');
    if (process.platform !== 'linux') return;
    const open = (): string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [readlinkSync(join('/proc/self/fd', fd))];
        } catch {
          return []; // the descriptor of this readdir
        }
      });
    const isOpen = (path: string): boolean => path.startsWith(directory);
    await eventually(() => !open().some(isOpen), 'their descriptors to be closed');
  });

  it('do not exceed their limit after use', async () => {
    const { folders } = opened();
    const names = Array.from({ length: maxOpenFolders + 50 }, (_, index) => `yard/day-${index}`);
    await Promise.all(names.map((name) => folders.use([name], nothing)));
    expect(folders.count).toBeLessThanOrEqual(maxOpenFolders);
  });

  it('are not closed while work runs in them, nor when other work there fails', async () => {
    const { directory, folders } = opened();
    let end = (): void => undefined;
    const long = folders.use(['yard'], async (yard) => {
      await new Promise<void>((resolve) => (end = resolve));
      await yard.writeNew('late', Buffer.from('late'));
    });
    const removed = Object.assign(new Error('removed'), { code: 'ENOENT' });
    const failing = folders.use(['yard'], () => Promise.reject(removed));
    await expect(failing).rejects.toThrow('removed');
    await folders.close();
    end();
    await long;
    expect(readFileSync(join(directory, 'yard/late'), 'utf8')).toBe('late');
    expect(folders.count).toBe(0);
  });

  it('are made by use, and not by useExisting, also when both run at once', async () => {
    const { directory, folders } = opened();
    expect(await folders.useExisting(['yard/old'], nothing)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
    const work = (): Promise<string> => Promise.resolve('done');
    const [, made] = await Promise.all([
      folders.useExisting(['yard/day'], work),
      folders.use(['yard/day'], work),
    ]);
    expect(made).toBe('done');
  });
});

describe.each([
  ['by its handle', true],
  ['by its path', false],
])('a folder that is reached %s', (_, hasHandlePaths) => {
  it('does file operations, and names its configured path in errors', async () => {
    const directory = temporaryDirectory();
    const root = await Folder.open(directory, hasHandlePaths);
    onTestFinished(() => root.close());
    await root.makeFolder('a');
    const folder = await root.openFolder('a');
    onTestFinished(() => folder?.close());
    await folder?.writeNew('one', Buffer.from('1'));
    folder?.link('one', root, 'two');
    root.rename('two', folder!, 'three');
    await folder?.sync();
    expect(readdirSync(join(directory, 'a')).sort()).toEqual(['one', 'three']);
    const path = join(directory, 'a', 'none');
    expect(() => folder?.unlink('none')).toThrow(path);
    expect(() => folder?.link('none', root, 'x')).toThrow(join(directory, 'x'));
    expect(folder?.isInPlace()).toBe(true);
    renameSync(join(directory, 'a'), join(directory, 'b'));
    expect(folder?.isInPlace()).toBe(false);
    mkdirSync(join(directory, 'a'));
    expect(root.holds('a', folder!)).toBe(false);
    expect(root.holds('b', folder!)).toBe(true);
    symlinkSync('b', join(directory, 'link'));
    writeFileSync(join(directory, 'file'), '');
    await expect(root.openFolder('link')).rejects.toThrow('link is a symbolic link');
    await expect(root.openFolder('file')).rejects.toThrow('file is not a folder');
  });
});
