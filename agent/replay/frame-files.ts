/**
 * Finds stored frames: all JPEGs in folders and their subfolders, one sequence for each camera. Hidden files and
 * folders and files without a JPEG name are skipped.
 */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../shared/cli/errors.js';
import { parseFrameName } from '../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../shared/natural-order.js';

/** Frames of one camera, in the order of capture. */
export interface StoredSequence {
  /** The folder of the frames, as given on the command line; for captures, the camera's folder above the days. */
  readonly folder: string;
  readonly paths: readonly string[];
}

/** The receiver's folder of one day; all days of a camera are one sequence. */
const dayFolder = /^\d{4}_\d\d_\d\d$/;
const jpegExtension = /\.jpe?g$/i;

/**
 * @param paths folders and files of the command line; a file that is given there needs no JPEG name
 * @throws {UsageError} a path cannot be read, or no JPEG is found
 */
export async function findSequences(paths: readonly string[]): Promise<StoredSequence[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const stats = await statOf(path);
    if (stats.isDirectory()) await addFolder(path, found);
    else found.add(path);
  }
  if (found.size === 0) {
    throw new UsageError(`no JPEG found in ${paths.join(' ')}`, {
      hint: 'give folders with files whose names end with .jpg or .jpeg',
    });
  }
  const sequences = new Map<string, string[]>();
  for (const path of found) {
    const folder = cameraFolder(path);
    const frames = sequences.get(folder);
    if (frames === undefined) sequences.set(folder, [path]);
    else frames.push(path);
  }
  return [...sequences]
    .map(([folder, frames]) => ({ folder, paths: inOrder(frames) }))
    .sort((a, b) => naturalOrder(a.folder, b.folder));
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new UsageError(`cannot read ${path}`, { cause });
  }
}

async function addFolder(folder: string, found: Set<string>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    // Links to folders are not followed: they can form cycles.
    if (entry.isDirectory()) await addFolder(path, found);
    else if (jpegExtension.test(entry.name)) found.add(path);
  }
}

function cameraFolder(path: string): string {
  const folder = dirname(path);
  return dayFolder.test(basename(folder)) ? dirname(folder) : folder;
}

/** Sorts by the UTC time in the names if all names have one, else by name. */
function inOrder(paths: string[]): string[] {
  const frames = paths.map((path) => ({
    path,
    // Without the extension: `x.jpg` sorts before `x-2.jpg`.
    name: basename(path).replace(jpegExtension, ''),
    atMs: parseFrameName(basename(path))?.capturedAtMs,
  }));
  const hasTimes = frames.every(({ atMs }) => atMs !== undefined);
  frames.sort((a, b) => {
    const differenceMs = hasTimes ? (a.atMs ?? 0) - (b.atMs ?? 0) : 0;
    return differenceMs || naturalOrder(a.name, b.name) || naturalOrder(a.path, b.path);
  });
  return frames.map(({ path }) => path);
}
