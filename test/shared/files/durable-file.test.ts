import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replaceFile, writeNewFile } from '../../../shared/files/durable-file.js';
import { ifExists } from '../../../shared/files/if-exists.js';
import { temporaryDirectory } from '../../support/temporary.js';

function setting() {
  const folder = temporaryDirectory();
  const path = join(folder, 'file');
  writeFileSync(path, 'old');
  const content = () => readFileSync(path, 'utf8');
  return { folder, path, part: join(folder, '.part'), content };
}

describe('replaceFile', () => {
  it('replaces a file, and leaves no temporary file', async () => {
    const { folder, path, part, content } = setting();
    await replaceFile(path, part, (name) => writeNewFile(name, 'new'));
    expect(content()).toBe('new');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('keeps the old content when the new one cannot be written', async () => {
    const { folder, path, part, content } = setting();
    const failure = new Error('disk full');
    const write = async (name: string): Promise<void> => {
      await writeFile(name, 'ne');
      throw failure;
    };
    await expect(replaceFile(path, part, write)).rejects.toBe(failure);
    expect(content()).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

describe('writeNewFile', () => {
  it('gives the mode at any umask, and the modification time', async () => {
    const { part } = setting();
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    await writeNewFile(part, Buffer.from('x'), { mode: 0o644, modifiedAtMs: 1234567 });
    const { mode, mtimeMs } = statSync(part);
    expect([mode & 0o777, mtimeMs]).toEqual([0o644, 1234567]);
  });

  it('does not replace a file', async () => {
    const { path, content } = setting();
    await expect(writeNewFile(path, 'new')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(content()).toBe('old');
  });
});

describe('ifExists', () => {
  it.each(['missing', 'file/below'])('has no result for %s', async (name) => {
    const { folder } = setting();
    await expect(ifExists(writeFile(join(folder, name, 'x'), ''))).resolves.toBeUndefined();
  });

  it('passes on results and other errors', async () => {
    await expect(ifExists(Promise.resolve(3))).resolves.toBe(3);
    const other = Object.assign(new Error('no'), { code: 'EACCES' });
    await expect(ifExists(Promise.reject(other))).rejects.toBe(other);
  });
});
