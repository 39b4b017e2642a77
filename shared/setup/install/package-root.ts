/** Where the package lies that this program is part of. */
import { fileURLToPath } from 'node:url';
import type { Package } from './program-files.js';

/** Of the built program only: this file is then in dist/. */
export function ownPackage(): Package {
  return {
    root: fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''),
    node: process.execPath,
  };
}
