/** What lies below a directory. */
import { readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** Every file, relative and sorted; what is hidden, and the store's records, are left out unless asked for. */
export function filesBelow(directory: string, { hidden = false } = {}): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => hidden || !path.split('/').some((part) => part.startsWith('.')))
    .filter((path) => hidden || basename(path) !== 'record.jsonl')
    .sort();
}

/** Files that somebody began to write and did not finish. */
export function unfinishedBelow(directory: string): string[] {
  return filesBelow(directory, { hidden: true }).filter((path) => path.endsWith('.part'));
}
