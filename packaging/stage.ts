/** Writes the files of a release into a folder, with modes that do not depend on the umask. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Source } from './source.js';

const executables = new Set(['dist/agent.js', 'dist/receiver.js']);

export interface ReleasedFile {
  /** Relative to the package. */
  readonly path: string;
  readonly content: Buffer | string;
  readonly mode: number;
}

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

/**
 * The files of a release, which are those of `npm pack`. dist/ has all code of other packages: package.json names none,
 * so that nothing is fetched.
 */
export function releasedFiles({ root }: Source): readonly ReleasedFile[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [packed] = JSON.parse(
    execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  ) as Packed[];
  const paths = (packed?.files ?? []).map(({ path }) => path).sort();
  for (const path of executables) {
    if (!paths.includes(path)) throw new Error(`${join(root, path)} is missing: npm run build`);
  }
  return paths.map((path) => ({
    path,
    content: path === 'package.json' ? withoutBuild(root) : readFileSync(join(root, path)),
    mode: executables.has(path) ? 0o755 : 0o644,
  }));
}

function withoutBuild(root: string): string {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  const all = JSON.parse(text) as Record<string, unknown>;
  const left = ['scripts', 'dependencies', 'devDependencies'];
  const kept = Object.entries(all).filter(([key]) => !left.includes(key));
  return `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`;
}

export class Stage {
  constructor(readonly folder: string) {
    makeFolder(folder);
  }

  write(path: string, content: Buffer | string, mode = 0o644): void {
    const target = join(this.folder, path);
    makeFolder(dirname(target));
    writeFileSync(target, content);
    chmodSync(target, mode);
  }

  link(path: string, target: string): void {
    makeFolder(dirname(join(this.folder, path)));
    symlinkSync(target, join(this.folder, path));
  }

  /** Paths of all files that are no links, sorted. */
  files(): readonly string[] {
    const names = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  /** Gives everything in the folder one time, seconds since 1970. */
  setTimes(epoch: number): void {
    const names = readdirSync(this.folder, { recursive: true, encoding: 'utf8' });
    for (const name of ['', ...names]) lutimesSync(join(this.folder, name), epoch, epoch);
  }

  read(path: string): Buffer {
    return readFileSync(join(this.folder, path));
  }
}

function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
  chmodSync(folder, 0o755);
}
