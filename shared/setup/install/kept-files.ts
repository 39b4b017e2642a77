/** Files that uninstall, or an install without them, leaves: edited ones under another name, and what install did not write. */
import { lstat, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../cli/errors.js';
import { ifExists } from '../../files/if-exists.js';
import { sha256OfFile } from './file-digest.js';
import type { Manifest } from './manifest.js';
import type { Runner } from './runner.js';
import type { Scope } from './scope.js';

/** Something that stays, with the reason. */
export interface Kept {
  readonly path: string;
  readonly why: string;
}

/**
 * Moves each file that was edited since install wrote it to FILE.saved: systemd and udev do not read that name.
 * @param paths files of the manifest that are removed next
 */
export async function saveEdited(
  paths: readonly string[],
  { files, edited = [] }: Manifest,
  runner: Runner,
): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for (const path of paths) {
    const digest = await ifExists(sha256OfFile(path));
    if (digest === undefined) continue;
    // An install after an edit of the settings has recorded the edited file.
    const isEdited = digest !== files[path] || edited.includes(path);
    if (!isEdited) continue;
    const saved = runner.isDryRun ? `${path}.saved` : await move(path);
    kept.push({ path: saved, why: `${path} has changes that install did not make` });
  }
  return kept;
}

/** Never over an older file. @returns the new path */
async function move(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const saved = number === 1 ? `${path}.saved` : `${path}.saved-${number}`;
    if ((await ifExists(lstat(saved))) !== undefined) continue;
    await rename(path, saved);
    return saved;
  }
}

/** What is beside the removed files: drop-ins, a settings file of before install, folders of earlier installs, keys. */
export async function keptBeside(
  { files, units, data = [] }: Manifest,
  { settingsFolder, unitFolder, isUser }: Scope,
  program: string,
): Promise<readonly Kept[]> {
  const written = Object.keys(files).filter((path) =>
    /\.(?:service|socket|timer|path)$/.test(path),
  );
  // Of a package's unit, install has written none.
  const unitPaths = new Set([...written, ...units.map((name) => join(unitFolder, name))]);
  const settings = join(settingsFolder, `${program}.env`);
  const candidates: Kept[] = [
    ...[...unitPaths].map((path) => ({ path: `${path}.d`, why: 'drop-ins of a unit are in it' })),
    ...(settings in files
      ? []
      : [{ path: settings, why: 'it was there before the first install' }]),
    ...data.map((path) => ({ path, why: 'an earlier install used it' })),
    ...(program === 'agent'
      ? [
          {
            path: join(settingsFolder, 'paired'),
            why: 'by it, paired agents never send unencrypted',
          },
        ]
      : []),
    ...(isUser ? [] : [{ path: '/etc/credstore/picchanged-keys', why: 'fleet keys' }]),
  ];
  const kept: Kept[] = [];
  for (const candidate of candidates) if (await holds(candidate.path)) kept.push(candidate);
  return kept;
}

/** Whether there is a file, or a folder that is not empty. */
async function holds(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0;
  } catch (error) {
    return systemCode(error) === 'ENOTDIR';
  }
}
