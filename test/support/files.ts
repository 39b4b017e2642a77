/** Lists the files below a directory. */
import { readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** All files, as sorted relative paths; hidden files and the store's records only with `hidden`. */
export function filesBelow(directory: string, { hidden = false } = {}): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => hidden || !path.split('/').some((part) => part.startsWith('.')))
    .filter((path) => hidden || basename(path) !== 'record.jsonl')
    .sort();
}

/** Temporary files of unfinished writes. */
export function unfinishedBelow(directory: string): string[] {
  return filesBelow(directory, { hidden: true }).filter((path) => path.endsWith('.part'));
}
