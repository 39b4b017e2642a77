/** What lies below a directory. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Every file, relative and sorted; what is hidden or below a hidden folder is left out unless asked for. */
export function filesBelow(directory: string, { hidden = false } = {}): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => hidden || !path.split('/').some((part) => part.startsWith('.')))
    .sort();
}
