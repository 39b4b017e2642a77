/** Labs with the Debian package: builds it once for a test file, and gives the lab a Node that dpkg knows. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { buildArtifacts } from '../../packaging/artifacts.js';
import { debianVersion } from '../../packaging/deb.js';
import { readSource } from '../../packaging/source.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { root } from '../support/programs.js';
import { Lab, type LabSettings, type Outcome } from './lab.js';

const source = readSource(root.replace(/\/$/, ''), { SOURCE_DATE_EPOCH: '1790000000' });

export interface Packages {
  /** Folder of the files below; in a lab: /srv/packages. */
  readonly folder: string;
  readonly deb: string;
  readonly version: string;
  /** The same program with another version. */
  readonly nextDeb: string;
  readonly nextVersion: string;
  readonly tarball: string;
  readonly remove: () => void;
}

const inLab = '/srv/packages';

export function buildPackages(): Packages {
  const folder = mkdtempSync(join(tmpdir(), 'picchanged-packages-'));
  const built = buildArtifacts(source, join(folder, 'built'));
  const [tarball = '', deb = ''] = built.map((path) => `${inLab}/built/${basename(path)}`);
  const nextVersion = source.version.replace(/\d+(?=-|$)/, (patch) => String(Number(patch) + 1));
  const next = buildNext(join(folder, 'built', basename(deb)), folder, nextVersion);
  writeNodePackage(folder);
  return {
    ...{ folder, deb, tarball, nextVersion, version: source.version },
    nextDeb: `${inLab}/${basename(next)}`,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The package with another version, in its control file and in the programs. */
function buildNext(deb: string, folder: string, version: string): string {
  const tree = join(folder, 'next');
  execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
  const files = filesBelow(tree).filter((path) => /\/picchanged\/.*\.js(?:on)?$/.test(path));
  for (const path of [...files, 'DEBIAN/control']) {
    const text = readFileSync(join(tree, path), 'utf8');
    const other = text
      .replaceAll(source.version, version)
      .replaceAll(debianVersion(source.version), debianVersion(version));
    if (other !== text) writeFileSync(join(tree, path), other);
  }
  const path = join(folder, 'next.deb');
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, path], { stdio: 'ignore' });
  rmSync(tree, { recursive: true });
  return path;
}

/** Debian's package of Node for a machine where Node is from elsewhere: a name and a version. */
function writeNodePackage(folder: string): void {
  const tree = join(folder, 'node');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  const control = {
    ...{ Package: 'nodejs', Version: '20.19.0', Architecture: 'all', Maintainer: 'nobody <a@b.c>' },
    Description: 'a name for the Node that is there',
  };
  const lines = Object.entries(control).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(tree, 'DEBIAN', 'control'), lines.join(''));
  const args = ['--root-owner-group', '--build', tree, join(folder, 'nodejs.deb')];
  execFileSync('dpkg-deb', args, { stdio: 'ignore' });
}

export const nodePackage = `${inLab}/nodejs.deb`;

/** @param hasNode whether dpkg knows a Node */
export async function bootForPackages(
  packages: Packages,
  { copies = [], flags = [] }: LabSettings = {},
  hasNode = true,
): Promise<Lab> {
  const lab = await Lab.boot({
    copies: [...copies, { from: packages.folder, to: inLab }],
    flags,
  });
  // Left by tests that pair as root on this machine.
  await lab.must('rm', '-rf', '/etc/picchanged');
  const { stdout } = await lab.run('dpkg-query', '--show', '--showformat', '${Version}', 'nodejs');
  const compare = ['--compare-versions', stdout || '0', 'ge', '20.19'];
  const isThere = (await lab.run('dpkg', ...compare)).code === 0;
  if (hasNode && isThere) return lab;
  // The machine's own package is missing, too old, or not wanted: its Node stays, without a package.
  await lab.must('cp', '-L', process.execPath, '/usr/local/lib/node-of-the-lab');
  if (stdout !== '') await lab.must('dpkg', '--purge', '--force-depends', 'nodejs');
  await lab.must('ln', '-sf', '/usr/local/lib/node-of-the-lab', '/usr/bin/node');
  if (hasNode) await lab.must('dpkg', '--install', nodePackage);
  return lab;
}

/** As a person types it. The network of a lab has no mirror: what is recommended cannot be fetched. */
export function apt(lab: Lab, ...args: string[]): Promise<Outcome> {
  return lab.run(
    ...['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y', '--no-install-recommends'],
    ...args,
  );
}

/** @returns what apt and the package said */
export async function mustApt(lab: Lab, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await apt(lab, ...args);
  if (code === 0) return stdout + stderr;
  throw new Error(`apt-get ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
}

/** Puts an unpacked package where `npm install --global` puts it, with its commands. */
export async function installByNpm(lab: Lab, unpacked: string): Promise<void> {
  const folder = '/usr/local/lib/node_modules/picchanged';
  await lab.must('mkdir', '-p', dirname(folder));
  await lab.must('cp', '-r', unpacked, folder);
  for (const program of ['agent', 'receiver']) {
    const target = `../lib/node_modules/picchanged/dist/${program}.js`;
    await lab.must('chmod', '755', `${folder}/dist/${program}.js`);
    for (const name of [program, `picchanged-${program}`]) {
      await lab.must('ln', '-sf', target, `/usr/local/bin/${name}`);
    }
  }
}

export const captures = '/srv/captures';
export const unitFolder = '/etc/systemd/system';
/** Flags of a camera whose frames are all sent. */
export const camera = ['--source', 'scene', '--camera', 'yard', '--all', '--interval', '200ms'];

/** Paths that `find` prints. */
export async function namesIn(lab: Lab, ...find: string[]): Promise<string[]> {
  return (await lab.run('find', ...find)).stdout.split('\n').filter((name) => name !== '');
}

export function framesIn(lab: Lab): Promise<string[]> {
  return namesIn(lab, captures, '-name', '*.jpg');
}

/** Waits for some frames more than there are now. */
export async function moreFrames(lab: Lab): Promise<void> {
  const before = (await framesIn(lab)).length;
  await eventually(
    async () => (await framesIn(lab)).length >= before + 3,
    `3 frames more than ${before}`,
  ).catch(async (cause: unknown) => {
    throw new Error(await lab.must('journalctl', '-o', 'cat', '-n', '60'), { cause });
  });
}

export function runningVersion(lab: Lab, unit: string): Promise<string> {
  return lab.must('cat', `/run/${unit}/version`);
}

/** What `doctor` finds. */
export async function findings(lab: Lab, program: string): Promise<unknown> {
  return JSON.parse((await lab.run(program, 'doctor', '--json')).stdout);
}
