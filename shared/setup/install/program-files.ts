/**
 * The program files that units start. Files that a service cannot access (in a home, in /tmp) are copied to a system
 * folder, Node included.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { quoteWord } from './unit-file.js';
import type { PlannedFile } from './plan.js';
import { type Scope, copyFolder } from './scope.js';

export interface Package {
  /** Directory with package.json, dist/ and systemd/. */
  readonly root: string;
  /** Path of the Node executable. */
  readonly node: string;
  /** True: the system's package manager has installed it, with its units (the .deb). */
  readonly isPackaged: boolean;
}

export interface ProgramFiles {
  /** Copies to make; empty when services can access the originals. */
  readonly files: readonly PlannedFile[];
  /** Replacement for `/usr/local/bin/<program>` in a unit. */
  readonly command: string;
  /** Notes on copied files, to print after install. */
  readonly notes: readonly string[];
}

/** Hidden from services by ProtectHome= and PrivateTmp=. */
const hidden = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/** @throws a system error: the package is incomplete */
export async function programFiles(
  { root, node }: Package,
  program: string,
  scope: Scope,
): Promise<ProgramFiles> {
  const folder = copyFolder(scope, program);
  const files: PlannedFile[] = [];
  const notes: string[] = [];
  let home = await realpath(root);
  if (!scope.isUser && (await isHidden(home))) {
    files.push(...(await copies(home, folder, ['package.json', 'dist'])));
    notes.push(
      `services cannot access ${home}: the program was copied to ${folder}; run install again after an update`,
    );
    home = folder;
  }
  let nodePath = await realpath(node);
  if (!scope.isUser && (await isHidden(nodePath))) {
    const path = join(folder, 'node');
    files.push({ path, content: { copyOf: nodePath }, mode: 0o755 });
    notes.push(`services cannot access ${nodePath}: Node was copied to ${path}`);
    nodePath = path;
  }
  const script = join(home, 'dist', `${program}.js`);
  return { files, notes, command: `${quoteWord(nodePath)} ${quoteWord(script)}` };
}

/** True for paths that a service with its own user and sandbox cannot read. */
async function isHidden(path: string): Promise<boolean> {
  if (hidden.some((folder) => `${path}/`.startsWith(`${folder}/`))) return true;
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & 0o001) === 0 && (at !== path || (mode & 0o004) === 0)) return true;
  }
  return false;
}

/** Copies of the named files, and of all files below the named folders. */
async function copies(from: string, to: string, names: readonly string[]): Promise<PlannedFile[]> {
  const files: PlannedFile[] = [];
  for (const name of names) {
    const path = join(from, name);
    if ((await stat(path)).isDirectory()) {
      files.push(...(await copies(path, join(to, name), (await readdir(path)).sort())));
    } else files.push({ path: join(to, name), content: { copyOf: path }, mode: 0o644 });
  }
  return files;
}
