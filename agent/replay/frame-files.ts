/**
 * Finds stored frames: the JPEGs of folders and what lies below them, one sequence for each camera. Hidden
 * files and folders, records and whatever else is no JPEG are passed over.
 */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../shared/cli/errors.js';
import { parseFrameName } from '../../shared/protocol/frame-path.js';

/** Frames that one camera took, in the order in which it took them. */
export interface StoredSequence {
  /** The folder that the frames lie in, as it was named; of a camera's captures, the camera's. */
  readonly folder: string;
  readonly paths: readonly string[];
}

/** The receiver's folders of a day: together they are one camera's. */
const dayFolder = /^\d{4}_\d\d_\d\d$/;
const jpegEnd = /\.jpe?g$/i;
/** `frame9` comes before `frame10`. */
const collator = new Intl.Collator('en', { numeric: true });

/**
 * @param words folders and files as they were typed; a file that is named is taken whatever it is called
 * @throws {UsageError} one is not to be had, or there is no JPEG in any
 */
export async function findSequences(words: readonly string[]): Promise<StoredSequence[]> {
  const found = new Set<string>();
  for (const word of words) {
    const facts = await look(word);
    if (facts.isDirectory()) await addFolder(word, found);
    else found.add(word);
  }
  if (found.size === 0) {
    throw new UsageError(`there is no JPEG in ${words.join(' ')}`, {
      hint: 'frames are files whose names end with .jpg or .jpeg',
    });
  }
  const sequences = new Map<string, string[]>();
  for (const path of found) {
    const folder = cameraFolder(path);
    const paths = sequences.get(folder);
    if (paths === undefined) sequences.set(folder, [path]);
    else paths.push(path);
  }
  return [...sequences]
    .map(([folder, paths]) => ({ folder, paths: inOrder(paths) }))
    .sort((a, b) => collator.compare(a.folder, b.folder));
}

async function look(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new UsageError(`cannot look into ${path}`, { cause });
  }
}

async function addFolder(folder: string, found: Set<string>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    // A link to a folder could lead back to where we are.
    if (entry.isDirectory()) await addFolder(path, found);
    else if (jpegEnd.test(entry.name)) found.add(path);
  }
}

function cameraFolder(path: string): string {
  const folder = dirname(path);
  return dayFolder.test(basename(folder)) ? dirname(folder) : folder;
}

/** By the moments in their names where all have one, which a change of the clocks' offset does not upset. */
function inOrder(paths: string[]): string[] {
  const taken = paths.map((path) => ({
    path,
    // Without its end, or `-2.jpg` would come before `.jpg`.
    name: basename(path).replace(jpegEnd, ''),
    atMs: parseFrameName(basename(path))?.capturedAtMs,
  }));
  const isOurs = taken.every(({ atMs }) => atMs !== undefined);
  taken.sort((a, b) => {
    const apartMs = isOurs ? (a.atMs ?? 0) - (b.atMs ?? 0) : 0;
    return apartMs || collator.compare(a.name, b.name) || collator.compare(a.path, b.path);
  });
  return taken.map(({ path }) => path);
}
