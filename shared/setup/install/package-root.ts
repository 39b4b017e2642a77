/** The directory of the package that this program is part of. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Package } from './program-files.js';

/** Where the .deb puts the programs, and the file in it by which they know that. */
export const packagedRoot = '/usr/lib/picchanged';
const marker = 'packaged';

/** Works in the built program only: there, this code is in dist/, one level below the package. */
export function ownPackage(): Package {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
  const isPackaged = isPackagedAt(root);
  // The package's units name this path; dpkg keeps it.
  return { root, node: isPackaged ? '/usr/bin/node' : process.execPath, isPackaged };
}

/** Whether the .deb has put a program into this folder. */
export function isPackagedAt(root: string): boolean {
  return existsSync(join(root, marker));
}
