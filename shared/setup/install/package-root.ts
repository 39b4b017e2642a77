/** The directory of the package that this program is part of. */
import { fileURLToPath } from 'node:url';
import type { Package } from './program-files.js';

/** Works in the built program only: there, this code is in dist/, one level below the package. */
export function ownPackage(): Package {
  return {
    root: fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''),
    node: process.execPath,
  };
}
