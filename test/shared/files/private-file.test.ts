/** Private files: readable by their owner only. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PrivateFolder, writePrivateFile } from '../../../shared/files/private-file.js';
import { becomeNobody } from '../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../support/temporary.js';

const isRoot = process.geteuid?.() === 0;
const makePrivateFolder = async (path: string): Promise<void> =>
  (await PrivateFolder.make(path)).close();
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('a private file', () => {
  it('is readable by its owner only, like its folder and the folders created above it', async () => {
    const folder = join(temporaryDirectory(), 'a', 'b');
    await makePrivateFolder(folder);
    await makePrivateFolder(folder);
    await writePrivateFile(join(folder, 'key'), 'one');
    const modes = [join(folder, '..'), folder, join(folder, 'key')].map(mode);
    expect(modes).toEqual(['700', '700', '600']);
  });

  it('is replaced atomically, and leaves no other file', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'key'), 'a longer text', { mode: 0o644 });
    await writePrivateFile(join(folder, 'key'), 'new');
    expect(readFileSync(join(folder, 'key'), 'utf8')).toBe('new');
    expect(mode(join(folder, 'key'))).toBe('600');
    expect(readdirSync(folder)).toEqual(['key']);
  });

  it('belongs to the owner of its folder when root writes it', async (test) => {
    test.skip(!isRoot, 'only root can write for another user');
    const parent = temporaryDirectory();
    chownSync(parent, 1234, 2345);
    await makePrivateFolder(join(parent, 'keys'));
    await writePrivateFile(join(parent, 'keys', 'key'), 'one');
    for (const path of ['keys', 'keys/key']) {
      expect(statSync(join(parent, path))).toMatchObject({ uid: 1234, gid: 2345 });
    }
  });

  it('that cannot be written keeps its old content', async (test) => {
    test.skip(!isRoot, 'only root can become another user');
    const folder = temporaryDirectory();
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'keys'), { mode: 0o755 });
    await writePrivateFile(join(folder, 'keys', 'key'), 'old');
    becomeNobody();
    await expect(writePrivateFile(join(folder, 'keys', 'key'), 'new')).rejects.toThrow('EACCES');
    expect(readdirSync(join(folder, 'keys'))).toEqual(['key']);
  });
});
