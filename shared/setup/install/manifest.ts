/** The manifest of an installation: install writes it, and uninstall removes exactly what it lists. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { OperationalError } from '../../cli/errors.js';
import { isAbsent } from '../../files/if-exists.js';
import type { Scope } from './scope.js';

const schema = v.object({
  /** SHA-256 of the written content, by absolute path. */
  files: v.record(v.string(), v.string()),
  /** Folders that install created, each after its parent. */
  folders: v.array(v.string()),
  /** Units that uninstall stops and disables before it removes their files. */
  units: v.array(v.string()),
  /** System users that install created. */
  madeUsers: v.optional(v.array(v.string())),
  /** The same, as version 0.1 writes and reads it. */
  madeUser: v.optional(v.string()),
  /** Folders for captures, keys and state of this install and of earlier ones. */
  data: v.optional(v.array(v.string())),
  /** Settings files that have changes which install did not make. */
  edited: v.optional(v.array(v.string())),
  /** Version of the program that installed; versions before 0.2 wrote none. */
  version: v.optional(v.string()),
  /** Install has not ended: files or services may still be those of before. */
  pending: v.optional(v.boolean()),
});

export type Manifest = v.InferOutput<typeof schema>;

export function manifestPath(scope: Scope, program: string): string {
  return join(scope.libraryFolder, `${program}.installed.json`);
}

/** The users that install created. */
export function madeUsersOf({ madeUsers, madeUser }: Manifest): readonly string[] {
  return madeUsers ?? (madeUser === undefined ? [] : [madeUser]);
}

/** @returns undefined when nothing is installed @throws {OperationalError} INSTALL: it cannot be read */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    return v.parse(schema, JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw new OperationalError('INSTALL', `cannot read ${path}`, {
      cause,
      hint: 'remove that file, then install with --force, which overwrites and records existing files',
    });
  }
}
