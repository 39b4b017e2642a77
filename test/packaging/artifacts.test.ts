/** The release tarball and the Debian package: what is in them, and that two builds are the same. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildArtifacts } from '../../packaging/artifacts.js';
import { debianVersion } from '../../packaging/deb.js';
import { changesOf, readSource } from '../../packaging/source.js';
import { filesBelow } from '../support/files.js';
import { missing, root, run } from '../support/programs.js';
import { memoryBase, temporaryDirectory } from '../support/temporary.js';

const source = readSource(root.replace(/\/$/, ''), { SOURCE_DATE_EPOCH: '1790000000' });
const why = missing('dpkg-deb', 'dpkg');

async function unpackDeb(path: string): Promise<string> {
  const directory = temporaryDirectory();
  expect(await run('dpkg-deb', ['--raw-extract', path, directory])).toMatchObject({ code: 0 });
  return directory;
}

describe.skipIf(why !== undefined)(`a release${why === undefined ? '' : ` (${why})`}`, () => {
  const built = mkdtempSync(join(memoryBase, 'picchanged-release-'));
  let deb = '';
  beforeAll(() => {
    [, deb = ''] = buildArtifacts(source, built);
  });
  afterAll(() => rmSync(built, { recursive: true }));

  it('is the same, byte for byte, at another time and with another umask', () => {
    const other = temporaryDirectory();
    const umask = process.umask(0o077);
    const zone = process.env.TZ;
    process.env.TZ = 'Pacific/Chatham';
    try {
      buildArtifacts(source, other);
    } finally {
      process.umask(umask);
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
    const names = readdirSync(built).sort();
    expect(names).toEqual([
      'SHA256SUMS',
      `picchanged-${source.version}.tar.gz`,
      `picchanged_${debianVersion(source.version)}_all.deb`,
    ]);
    for (const name of names) {
      expect(readFileSync(join(other, name)).equals(readFileSync(join(built, name))), name).toBe(
        true,
      );
    }
  });

  it('has checksums that sha256sum reads', async () => {
    const checked = await run('sh', ['-c', 'cd "$1" && sha256sum -c SHA256SUMS', 'sh', built]);
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout.match(/: OK$/gm)).toHaveLength(2);
  });

  it('has the units of systemd/ with the paths of the package, and the same words as the programs', async () => {
    const directory = await unpackDeb(deb);
    const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
    const shipped = readdirSync(`${root}systemd`).filter((name) =>
      /\.(?:service|socket|timer|path)$/.test(name),
    );
    const units = 'usr/lib/systemd/system';
    expect(readdirSync(join(directory, units)).sort()).toEqual(shipped.sort());
    for (const name of shipped) {
      const expected = readFileSync(`${root}systemd/${name}`, 'utf8').replaceAll(
        /^(ExecStart=)\/usr\/local\/bin\/(agent|receiver)\b/gm,
        '$1/usr/bin/node /usr/lib/picchanged/dist/$2.js',
      );
      expect(read(`${units}/${name}`)).toBe(expected);
    }
    expect(read('usr/share/bash-completion/completions/picchanged-receiver')).toContain(
      'complete -o bashdefault -o default -F _picchanged_receiver receiver picchanged-receiver',
    );
    expect(read('DEBIAN/control')).toContain(
      `\nVersion: ${debianVersion(source.version)}\nArchitecture: all\n`,
    );
    expect(read('DEBIAN/control')).toContain(
      '\nDepends: nodejs (>= 20.19)\nRecommends: fswebcam\nSuggests: ffmpeg, socat\n',
    );
    // Nothing is enabled by itself: no link in the folders of targets, no rule of udev, no preset.
    const paths = filesBelow(directory);
    expect(paths.filter((path) => /\.wants\/|rules\.d|preset/.test(path))).toEqual([]);
    expect(paths.filter((path) => /node_modules|\.template$|^etc\//.test(path))).toEqual([]);
  });

  const whyNoLintian = missing('lintian', 'lintian');
  it.skipIf(whyNoLintian !== undefined)('is accepted by lintian', async () => {
    const { code, stdout } = await run('lintian', ['--fail-on', 'error,warning', deb]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });
});

describe('the versions of a release', () => {
  it('are sorted by dpkg as meant', async () => {
    expect(debianVersion('0.2.0-dev')).toBe('0.2.0~dev');
    expect(debianVersion('0.2.0')).toBe('0.2.0');
    const compare = ['--compare-versions', debianVersion('0.2.0-dev'), 'lt', '0.2.0'];
    if (why === undefined) expect(await run('dpkg', compare)).toMatchObject({ code: 0 });
  });

  it('have their changes and their date in the changelog', () => {
    const changelog = '# Changes\n\n## 0.3.0\n\n- c\n\n## 0.2.0 (2026-12-01)\n\n- a\n- b\n';
    expect(changesOf(changelog, '0.2.0')).toEqual({ date: '2026-12-01', text: '- a\n- b' });
    expect(changesOf(changelog, '0.3.0')).toEqual({ date: undefined, text: '- c' });
    expect(changesOf(changelog, '0.2')).toBeUndefined();
  });

  it('need a time', () => {
    const folder = root.replace(/\/$/, '');
    expect(() => readSource(folder, { SOURCE_DATE_EPOCH: 'today' })).toThrow(
      'SOURCE_DATE_EPOCH=today is not a number of seconds since 1970',
    );
  });
});
