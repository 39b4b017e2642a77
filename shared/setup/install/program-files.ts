/**
 * The program that units start: where it is, or, where a service could not see it (in a home, in /tmp), copied to
 * a system folder, Node too if it is in such a place.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { quoteWord } from './unit-file.js';
import type { PlannedFile } from './plan.js';
import { type Scope, copyFolder } from './scope.js';

export interface Package {
  /** Where package.json, dist/ and systemd/ are. */
  readonly root: string;
  /** Node's program file. */
  readonly node: string;
}

export interface ProgramFiles {
  /** Copies to make; none where all can stay. */
  readonly files: readonly PlannedFile[];
  /** What a unit's `/usr/local/bin/<program>` becomes. */
  readonly command: string;
  /** What was copied, for whoever installs. */
  readonly notes: readonly string[];
}

/** Hidden from services by ProtectHome= and PrivateTmp=. */
const hidden = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/** @throws a system error: the package is not there */
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
      `services do not see ${home}: the program was copied to ${folder}; install again after an update`,
    );
    home = folder;
  }
  let nodePath = await realpath(node);
  if (!scope.isUser && (await isHidden(nodePath))) {
    const path = join(folder, 'node');
    files.push({ path, content: { copyOf: nodePath }, mode: 0o755 });
    notes.push(`services do not see ${nodePath}: Node was copied to ${path}`);
    nodePath = path;
  }
  const script = join(home, 'dist', `${program}.js`);
  return { files, notes, command: `${quoteWord(nodePath)} ${quoteWord(script)}` };
}

/** True where a service with a user and a sandbox of its own cannot read. */
async function isHidden(path: string): Promise<boolean> {
  if (hidden.some((folder) => `${path}/`.startsWith(`${folder}/`))) return true;
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & 0o001) === 0 && (at !== path || (mode & 0o004) === 0)) return true;
  }
  return false;
}

/** Every file below the names in a folder. */
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
