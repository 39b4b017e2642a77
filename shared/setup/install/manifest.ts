/** What an installation consists of, written down by install, so that uninstall takes away that and nothing else. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { OperationalError, systemCode } from '../../cli/errors.js';
import type { Scope } from './scope.js';

const schema = v.object({
  /** By absolute path: the SHA-256 of what was written. */
  files: v.record(v.string(), v.string()),
  /** Folders that were made, each after its parent. */
  folders: v.array(v.string()),
  /** Units that were enabled, or are to be stopped before their files go. */
  units: v.array(v.string()),
  /** System user that was made. */
  madeUser: v.optional(v.string()),
});

export type Manifest = v.InferOutput<typeof schema>;

export function manifestPath(scope: Scope, program: string): string {
  return join(scope.libraryFolder, `${program}.installed.json`);
}

/** @returns undefined where nothing is installed @throws {OperationalError} INSTALL: it cannot be read */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    return v.parse(schema, JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '')) return undefined;
    throw new OperationalError('INSTALL', `cannot read ${path}`, {
      cause,
      hint: 'remove it, then install with --force: it takes over the files that are there',
    });
  }
}
