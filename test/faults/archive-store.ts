/**
 * A store of two cameras that sign, for power cuts in the middle of what deletes and keeps, and what must hold of its
 * tree at each moment. The rules read the files by themselves: they do not use the programs' code.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KnownKeys } from '../../receiver/archive/verify/keys.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import type { FrameToStore } from '../../receiver/store/store-port.js';
import { StoreCamera, dayMs, keyPair, knownOf } from '../receiver/archive/verify/made-store.js';
import { filesBelow } from '../support/files.js';
import type { Tree } from './crash-disk.js';
import { sha256Of } from './power-cut.js';

export interface StoredFrame {
  /** Relative to the captures directory. */
  readonly path: string;
  readonly frame: FrameToStore;
}

export interface ArchiveStore {
  readonly directory: string;
  readonly files: Tree;
  readonly frames: readonly StoredFrame[];
  readonly known: KnownKeys;
  /** `CAMERA EPOCH SEQUENCE` of each frame, gap and report. */
  readonly entries: ReadonlySet<string>;
}

/** Eight in the morning of the first of three days. The newest is old enough for a day to be reduced. */
export const firstMs = Math.floor(Date.now() / dayMs) * dayMs - 6 * dayMs + 8 * 3_600_000;

export const treeOf = (directory: string): Tree =>
  new Map(
    filesBelow(directory, { hidden: true }).map((path) => [
      path,
      readFileSync(join(directory, path)),
    ]),
  );

/** On the first two days six frames each, on the third two, 20 minutes apart; gaps and reports between them. */
export async function makeArchive(directory: string): Promise<ArchiveStore> {
  const keys = { yard: keyPair(), door: keyPair() };
  const store = await openFrameStore(directory, Date.now());
  const frames: StoredFrame[] = [];
  const recording = {
    ...{ id: store.id, lock: store.lock.bind(store), close: store.close.bind(store) },
    recordGap: store.recordGap.bind(store),
    recordReport: store.recordReport.bind(store),
    async put(frame: FrameToStore) {
      const stored = await store.put(frame);
      frames.push({ path: stored.name, frame });
      return stored;
    },
  };
  for (const name of ['yard', 'door'] as const) {
    const camera = new StoreCamera(recording, name, keys[name].privateKey);
    for (const [day, count] of [6, 6, 2].entries()) {
      camera.atMs = firstMs + day * dayMs;
      for (let nth = 0; nth < count; nth += 1) {
        // Two frames are one event.
        await camera.frame({ event: `${day}-${Math.floor(nth / 2)}` });
      }
      if (day === 0) await camera.gap(2);
      await camera.report();
    }
  }
  await store.close();
  const files = treeOf(directory);
  return { directory, files, frames, known: knownOf(keys), entries: entriesIn(files) };
}

interface Line {
  readonly epoch?: string;
  readonly sequence?: number;
  readonly sequences?: readonly (readonly [number, number])[];
  readonly sha256?: string;
  readonly deleted?: number;
  readonly kept?: number;
  readonly names?: readonly string[];
  readonly entries?: readonly (readonly [string, readonly (readonly [number, number])[]])[];
}

/** Whole lines of a record. */
function linesIn(bytes: Buffer | undefined): Line[] {
  return (bytes?.toString() ?? '').split('\n').flatMap((text) => {
    try {
      return [JSON.parse(text) as Line];
    } catch {
      return [];
    }
  });
}

const recordOf = (path: string): string => `${path.slice(0, path.lastIndexOf('/'))}/record.jsonl`;
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const isRecord = (path: string): boolean => /^[^/.]+\/[^/.]+\/record\.jsonl$/.test(path);

/** Of lines, and of summaries. */
function entriesIn(tree: Tree): Set<string> {
  const entries = new Set<string>();
  for (const [path, bytes] of tree) {
    if (!isRecord(path)) continue;
    const [camera = ''] = path.split('/');
    for (const { epoch, sequence, ...line } of linesIn(bytes)) {
      if (epoch !== undefined) entries.add(`${camera} ${epoch} ${sequence}`);
      for (const [id, ranges] of line.entries ?? []) {
        for (const [first, last] of ranges) {
          for (let number = first; number <= last; number += 1) {
            entries.add(`${camera} ${id} ${number}`);
          }
        }
      }
    }
  }
  return entries;
}

/** Frames that the record says are deleted: a line names the file, or the frame has no line of its own any more. */
export function isDeleted(tree: Tree, { path, frame }: StoredFrame): boolean {
  const lines = linesIn(tree.get(recordOf(path)));
  const isNamed = lines.some(
    ({ deleted, names }) => deleted !== undefined && names?.includes(nameOf(path)),
  );
  return isNamed || !lines.some(({ sha256 }) => sha256 === frame.sha256);
}

export const isKept = (tree: Tree, { path }: StoredFrame): boolean =>
  linesIn(tree.get(recordOf(path))).some(
    ({ kept, names }) => kept !== undefined && names?.includes(nameOf(path)),
  );

/** Whether nothing of the frame is left: neither its file nor a line with its hash. */
export function isErasedFrom(tree: Tree, { path, frame }: StoredFrame): boolean {
  return !tree.has(path) && ![...tree.values()].some((bytes) => bytes.includes(frame.sha256));
}

/**
 * What holds after each power cut: entries stay in the record, a file is whole, and only what may go is gone, with a
 * line. @param mayGo whether the frame was to be deleted @returns broken promises, as sentences
 */
export function brokenIn(
  tree: Tree,
  { frames, entries }: ArchiveStore,
  mayGo: (frame: StoredFrame) => boolean,
): string[] {
  const broken: string[] = [];
  const found = entriesIn(tree);
  for (const entry of entries) if (!found.has(entry)) broken.push(`${entry} is in no record`);
  for (const stored of frames) {
    const bytes = tree.get(stored.path);
    if (bytes !== undefined && sha256Of(bytes) !== stored.frame.sha256)
      broken.push(`${stored.path} is not whole`);
    if (!mayGo(stored)) {
      if (bytes === undefined) broken.push(`${stored.path} is gone`);
      if (isDeleted(tree, stored)) broken.push(`${stored.path} has no line, or is called deleted`);
    } else if (bytes === undefined && !isDeleted(tree, stored)) {
      broken.push(`${stored.path} is gone without a line`);
    }
  }
  return broken;
}
