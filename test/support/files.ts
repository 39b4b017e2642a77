/** Lists the files below a directory. */
import { readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** The files of a directory and of those in it. Programs may remove those while this runs. */
function walk(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
    try {
      return walk(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** All files, as sorted relative paths; hidden files and the store's records only with `hidden`. */
export function filesBelow(directory: string, { hidden = false } = {}): string[] {
  return walk(directory)
    .map((path) => relative(directory, path))
    .filter((path) => hidden || !path.split('/').some((part) => part.startsWith('.')))
    .filter((path) => hidden || basename(path) !== 'record.jsonl')
    .sort();
}

/** Temporary files of unfinished writes. */
export function unfinishedBelow(directory: string): string[] {
  return filesBelow(directory, { hidden: true }).filter((path) => path.endsWith('.part'));
}
