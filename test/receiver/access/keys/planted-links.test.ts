/** Root changes keys in a folder where its owner may have planted links, pipes and folders. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyFolder } from '../../../../receiver/access/keys/key-folder.js';
import {
  issueCode,
  listCameras,
  removeCamera,
} from '../../../../receiver/access/keys/pairing-codes.js';
import { privateFindings } from '../../../../shared/setup/doctor/private-findings.js';
import { PrivateFolder } from '../../../../shared/files/private-file.js';
import { household, receiverCommand } from '../../../support/pairing.js';
import { missing, root, run } from '../../../support/programs.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const notRoot = process.geteuid?.() === 0 ? undefined : 'only root changes what is another user’s';
const noStrace = missing('strace', 'strace');
const mode = (path: string): number => statSync(path).mode & 0o777;

function place() {
  const above = temporaryDirectory();
  const keys = join(above, 'keys');
  const elsewhere = join(above, 'elsewhere');
  mkdirSync(elsewhere);
  chmodSync(elsewhere, 0o755);
  return { above, keys, elsewhere, folder: new KeyFolder(keys) };
}

const pair = (folder: KeyFolder) => issueCode(folder, 'front', false, Date.now());
const refused = {
  code: 'KEYS',
  hint: expect.stringContaining('links are not followed there') as string,
};

describe('a link planted at the keys folder', () => {
  it('in place of the keys folder is refused, and its target stays unchanged', async () => {
    const { keys, elsewhere, folder } = place();
    symlinkSync(elsewhere, keys);
    await expect(pair(folder)).rejects.toMatchObject(refused);
    expect([mode(elsewhere), readdirSync(elsewhere)]).toEqual([0o755, []]);
    writeFileSync(join(elsewhere, 'front.json'), '{}');
    await expect(removeCamera(folder, 'front')).rejects.toMatchObject(refused);
    expect(readdirSync(elsewhere)).toEqual(['front.json']);
  });

  it('above the keys folder, made by its owner, is not followed by root', async (test) => {
    test.skip(notRoot !== undefined, notRoot);
    const { above, elsewhere } = place();
    chownSync(above, 1234, 1234);
    symlinkSync(elsewhere, join(above, 'state'));
    const folder = new KeyFolder(join(above, 'state', 'keys'));
    await expect(pair(folder)).rejects.toMatchObject({ code: 'KEYS' });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('that only root can have made is followed, as /var/lib/NAME may be one', async (test) => {
    test.skip(notRoot !== undefined, notRoot);
    const { above, elsewhere } = place();
    chmodSync(above, 0o755);
    symlinkSync(elsewhere, join(above, 'state'));
    await pair(new KeyFolder(join(above, 'state', 'keys')));
    expect(readdirSync(join(elsewhere, 'keys')).sort()).toEqual(['.lock', 'front.json']);
  });

  it.each(['.lock', 'front.json'])('in place of %s is refused', async (name) => {
    const { keys, elsewhere, folder } = place();
    mkdirSync(keys);
    const target = join(elsewhere, 'target');
    writeFileSync(target, '{}', { mode: 0o644 });
    symlinkSync(target, join(keys, name));
    await expect(pair(folder)).rejects.toMatchObject({ code: 'KEYS' });
    expect([readFileSync(target, 'utf8'), mode(target)]).toEqual(['{}', 0o644]);
  });

  it('with the temporary name of a new file is not followed', async () => {
    const { keys, elsewhere, folder } = place();
    mkdirSync(keys);
    for (const name of ['front.seen', 'closed'])
      symlinkSync(join(elsewhere, name), join(keys, name));
    await pair(folder);
    await folder.noteSeen('front', { atMs: 1, from: '::1' }).catch(() => undefined);
    expect(readdirSync(elsewhere)).toEqual([]);
    await removeCamera(folder, 'front');
    expect(() => lstatSync(join(keys, 'front.seen'))).toThrow('ENOENT');
  });
});

describe('a dangling link in place of the closed mark', () => {
  it('closes the receiver as the mark does', () => {
    const { keys, elsewhere, folder } = place();
    mkdirSync(keys);
    symlinkSync(join(elsewhere, 'nothing'), join(keys, 'closed'));
    expect(folder.isClosed()).toBe(true);
  });
});

describe('the receiver doctor', () => {
  it('reports a link in place of the keys, and does not advise to change its target', async () => {
    const { keys, elsewhere } = place();
    symlinkSync(elsewhere, keys);
    const says = expect.stringContaining('is a symbolic link') as string;
    expect(await privateFindings(keys, 1234)).toMatchObject([{ level: 'fault', says }]);
    rmSync(keys);
    mkdirSync(keys, { mode: 0o700 });
    symlinkSync(elsewhere, join(keys, 'front.json'));
    expect(await privateFindings(keys, undefined)).toMatchObject([{ level: 'fault', says }]);
  });
});

describe('a pipe planted in the keys folder', () => {
  it.each(['.lock', 'front.json', 'front.seen'])(
    'in place of %s makes nobody wait',
    async (name) => {
      const { keys, folder } = place();
      mkdirSync(keys);
      execFileSync('mkfifo', [join(keys, name)]);
      const work =
        name === 'front.seen' ? pair(folder) : Promise.reject(new Error('as the others'));
      await work.catch(() => pair(folder).catch(() => undefined));
      await listCameras(folder, 0).catch(() => undefined);
    },
  );
});

describe('a keys folder', () => {
  it('that is exchanged during a change is changed by its handle', async () => {
    const { above, elsewhere, keys } = place();
    const folder = await PrivateFolder.make(keys);
    renameSync(keys, join(above, 'moved'));
    symlinkSync(elsewhere, keys);
    await folder.write('front.json', 'x');
    await folder.ensureMode();
    await folder.remove('other.json');
    await folder.close();
    expect(readdirSync(join(above, 'moved'))).toEqual(['front.json']);
    expect([readdirSync(elsewhere), mode(elsewhere)]).toEqual([[], 0o755]);
  });

  it('of the service owns the files that root writes there', async (test) => {
    test.skip(notRoot !== undefined, notRoot);
    const { keys, folder } = place();
    mkdirSync(keys, { mode: 0o755 });
    chownSync(keys, 1234, 2345);
    await pair(folder);
    expect(mode(keys)).toBe(0o700);
    for (const name of readdirSync(keys)) {
      expect(statSync(join(keys, name))).toMatchObject({ uid: 1234, gid: 2345 });
    }
  });
});

describe('receiver pair and unpair', () => {
  it('report a link in place of the keys, and change nothing', async () => {
    const { keys } = household();
    const elsewhere = temporaryDirectory();
    chmodSync(elsewhere, 0o755);
    rmSync(keys, { force: true, recursive: true });
    symlinkSync(elsewhere, keys);
    const { code, stdout, stderr } = await receiverCommand('pair', 'front', '--keys', keys);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`cannot write keys in ${keys}`);
    expect(stderr).toContain('links are not followed there');
    expect([mode(elsewhere), readdirSync(elsewhere)]).toEqual([0o755, []]);
  });

  it('flush an unpairing to the disk before they report it', async (test) => {
    test.skip(noStrace !== undefined, noStrace);
    const { keys } = household();
    await receiverCommand('pair', 'front', '--keys', keys);
    const calls = 'trace=unlink,unlinkat,fsync,fdatasync,write';
    const typed = [process.execPath, `${root}dist/receiver.js`, 'unpair', 'front', '--keys', keys];
    const { code, stderr } = await run('strace', ['-f', '-e', calls, '--', ...typed]);
    expect(code, stderr).toBe(0);
    const unlink = stderr.search(/unlink.*front\.json"/);
    const said = stderr.indexOf('front is no longer accepted');
    expect(unlink).toBeGreaterThan(0);
    expect(said).toBeGreaterThan(unlink);
    expect(stderr.slice(unlink, said)).toMatch(/fsync\(\d+/);
  });
});
