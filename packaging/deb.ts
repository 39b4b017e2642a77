/** The Debian package: programs, units, manual pages and completions, from the files of a release. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withCommandWords } from '../shared/setup/install/unit-file.js';
import type { Source } from './source.js';
import { type ReleasedFile, Stage, releasedFiles } from './stage.js';

const library = 'usr/lib/picchanged';
const docs = 'usr/share/doc/picchanged';
const programs = ['agent', 'receiver'] as const;
const maintainer = 'picchanged maintainers <picchanged@users.noreply.github.com>';

/** A version with a hyphen is before the version without: in Debian, `~` says so. */
export function debianVersion(version: string): string {
  return version.replace('-', '~');
}

/** @returns the path of the package */
export function buildDeb(source: Source, to: string): string {
  const work = mkdtempSync(join(tmpdir(), 'picchanged-deb-'));
  try {
    const stage = new Stage(join(work, 'root'));
    for (const file of releasedFiles(source)) addReleased(stage, file);
    stage.write(
      `${library}/packaged`,
      'This folder and the units are of the package picchanged.\n',
    );
    for (const program of programs) addProgram(stage, source, program);
    stage.write(`${docs}/copyright`, copyright(source.root));
    stage.write(`${docs}/changelog.gz`, compressed(changelog(source)));
    stage.write(
      'usr/share/lintian/overrides/picchanged',
      readFileSync(join(source.root, 'packaging/debian/lintian-overrides')),
    );
    addControl(stage, source);
    stage.setTimes(source.epoch);
    const path = join(to, `picchanged_${debianVersion(source.version)}_all.deb`);
    // One thread: the division of the work between threads shows in the compressed file.
    const args = ['--root-owner-group', '-Zxz', '--threads-max=1', '--build', stage.folder, path];
    execFileSync('dpkg-deb', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(source.epoch) },
    });
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The place of a file of the release; undefined: the package has its content elsewhere. */
function addReleased(stage: Stage, { path, content, mode }: ReleasedFile): void {
  if (path === 'LICENSE' || path === 'dist/LICENSES.txt') return;
  if (/^systemd\/examples\/[^/]+\.service$/.test(path)) {
    stage.write(`${library}/${path}`, unit(content.toString()), mode);
  } else if (/^(?:dist\/|systemd\/|package\.json$)/.test(path)) {
    stage.write(`${library}/${path}`, content, mode);
  } else stage.write(`${docs}/${path}`, content, mode);
  const name = basename(path);
  if (/^systemd\/[^/]+\.(?:service|socket|timer|path)$/.test(path)) {
    stage.write(`usr/lib/systemd/system/${name}`, unit(content.toString()));
  }
  if (name === 'picchanged.sysusers.conf') {
    stage.write('usr/lib/sysusers.d/picchanged.conf', content);
  }
}

/** The unit with the paths of the package. */
function unit(text: string): string {
  const words = programs.map(
    (name) => [`/usr/local/bin/${name}`, `/usr/bin/node /${library}/dist/${name}.js`] as const,
  );
  return withCommandWords(text, new Map(words));
}

function addProgram(stage: Stage, { root }: Source, program: string): void {
  const name = `picchanged-${program}`;
  const print = (...args: string[]): string =>
    execFileSync(process.execPath, [join(root, 'dist', `${program}.js`), ...args], {
      encoding: 'utf8',
    });
  stage.link(`usr/bin/${name}`, `../lib/picchanged/dist/${program}.js`);
  stage.write(`usr/share/man/man1/${name}.1.gz`, compressed(print('man')));
  stage.write(`usr/share/bash-completion/completions/${name}`, print('completion', 'bash'));
  stage.write(`usr/share/zsh/vendor-completions/_${name}`, print('completion', 'zsh'));
  stage.write(`usr/share/fish/vendor_completions.d/${name}.fish`, print('completion', 'fish'));
}

/** Without a name and a time in it. */
function compressed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

function copyright(root: string): string {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8').trim();
  return [
    `picchanged\n\n${read('LICENSE')}`,
    `The programs contain these packages:\n\n${read('dist/LICENSES.txt')}`,
  ]
    .join('\n\n----\n\n')
    .concat('\n');
}

function changelog({ version, epoch }: Source): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `picchanged (${debianVersion(version)}) unstable; urgency=medium

  * The changes of each version are in /${docs}/CHANGELOG.md.

 -- ${maintainer}  ${date}
`;
}

function addControl(stage: Stage, { root, version, homepage }: Source): void {
  const files = stage.files();
  const sizes = files.map((path) => Math.ceil(stage.read(path).length / 1024));
  const control = {
    Package: 'picchanged',
    Version: debianVersion(version),
    Architecture: 'all',
    Maintainer: maintainer,
    'Installed-Size': String(sizes.reduce((sum, size) => sum + size, 0)),
    Depends: 'nodejs (>= 20.19)',
    Recommends: 'fswebcam',
    Suggests: 'ffmpeg, socat',
    Section: 'video',
    Priority: 'optional',
    Homepage: homepage,
    Description: readFileSync(join(root, 'packaging/debian/description'), 'utf8').trimEnd(),
  };
  const lines = Object.entries(control).map(([key, value]) => `${key}: ${value}\n`);
  const sums = files.map(
    (path) => `${createHash('md5').update(stage.read(path)).digest('hex')}  ${path}\n`,
  );
  stage.write('DEBIAN/control', lines.join(''));
  stage.write('DEBIAN/md5sums', sums.join(''));
  for (const name of ['postinst', 'prerm', 'postrm']) {
    stage.write(`DEBIAN/${name}`, readFileSync(join(root, 'packaging/debian', name)), 0o755);
  }
}
