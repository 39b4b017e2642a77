/** Prune, erase and keep: each runs once on a store, and what must hold of the trees that a power cut may leave. */
import { basename } from 'node:path';
import { erase } from '../../receiver/archive/erase.js';
import { keepFrames } from '../../receiver/archive/retention/keep.js';
import { keepingDirectory } from '../../receiver/archive/retention/keep-in-directory.js';
import { noLimits } from '../../receiver/archive/retention/limits.js';
import { openSweepParts } from '../../receiver/archive/retention/open-retention.js';
import { withSweepLock } from '../../receiver/archive/retention/sweep-lock.js';
import { sweep } from '../../receiver/archive/retention/sweep.js';
import { type Erasure, erasuresName, readErasures } from '../../receiver/store/erasures.js';
import { Folder } from '../../receiver/store/folder.js';
import { systemClock } from '../../shared/clock.js';
import { dayMs } from '../receiver/archive/verify/made-store.js';
import { diskDirectory } from '../support/temporary.js';
import { type Cuts, cutsOf } from './archive-cuts.js';
import {
  type ArchiveStore,
  type StoredFrame,
  brokenIn,
  firstMs,
  isErasedFrom,
  isKept,
  makeArchive,
  treeOf,
} from './archive-store.js';
import type { Tree } from './crash-disk.js';

export interface Scenario extends Cuts {
  readonly store: ArchiveStore;
  /** Whether the frame was to be deleted. */
  readonly mayGo: (frame: StoredFrame) => boolean;
  /** Whether it is done for the frame: after the command has said so, and after it was done again. */
  readonly isDone: (tree: Tree, frame: StoredFrame) => boolean;
  readonly doAgain: (directory: string) => Promise<void>;
}

const minuteMs = 60_000;

/** Frames of the first day go, and of the second those before 09:30: two whole events. */
const cutoffMs = firstMs + dayMs + 90 * minuteMs;
const maxAgeMs = (): number => Math.floor((Date.now() - cutoffMs) / minuteMs) * minuteMs;

/** With `--max-age`: all limits delete by the same steps. */
export async function cutPrune(program: string): Promise<Scenario> {
  const directory = diskDirectory();
  const store = await makeArchive(directory);
  const kept = frameOf(store, 2);
  await keep(directory, kept);
  const age = `${maxAgeMs() / minuteMs}m`;
  const args = ['prune', '--dir', directory, '--max-age', age, '--yes'];
  const given = treeOf(directory);
  const mayGo = ({ path, frame }: StoredFrame): boolean =>
    frame.capturedAtMs < cutoffMs && path !== kept.path;
  return {
    ...(await cutsOf({ program, rootPath: directory, given, args, says: 'frames deleted' })),
    ...{ store, mayGo, doAgain: prune },
    isDone: (tree, frame) => mayGo(frame) === !tree.has(frame.path),
  };
}

/** From the third frame of a camera's first day to the second of the next one. */
export async function cutErase(program: string): Promise<Scenario> {
  const directory = diskDirectory();
  const store = await makeArchive(directory);
  const erasure: Erasure = {
    ...{ camera: 'yard', atMs: Date.now(), why: 'a guest asked for it' },
    fromLocalMs: firstMs + 110 * minuteMs,
    toLocalMs: firstMs + dayMs + 110 * minuteMs,
  };
  const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
  const args = [
    ...['erase', '--dir', directory, '--camera', 'yard', '--why', erasure.why],
    ...['--from', text(erasure.fromLocalMs), '--to', text(erasure.toLocalMs)],
  ];
  const given = { rootPath: directory, given: store.files };
  const mayGo = ({ path, frame }: StoredFrame): boolean => {
    const localMs = frame.capturedAtMs + frame.utcOffsetMinutes * minuteMs;
    const isIn = erasure.fromLocalMs <= localMs && localMs < erasure.toLocalMs;
    return path.startsWith('yard/') && isIn;
  };
  const isRecorded = (tree: Tree): boolean =>
    readErasures(tree.get(`yard/${erasuresName}`)?.toString() ?? '').length > 0;
  return {
    ...(await cutsOf({ program, ...given, args, says: 'erased ' })),
    ...{ store, mayGo },
    isDone: (tree, frame) => isRecorded(tree) && mayGo(frame) === isErasedFrom(tree, frame),
    async doAgain(scratch) {
      const { left } = await withCaptures(scratch, (root) => erase(root, erasure));
      if (left.length > 0) throw new Error(`not erased: ${left.join(', ')}`);
    },
  };
}

export async function cutKeep(program: string): Promise<Scenario> {
  const directory = diskDirectory();
  const store = await makeArchive(directory);
  const wanted = frameOf(store, 1);
  const args = ['keep', wanted.path, '--dir', directory];
  return {
    ...(await cutsOf({ program, rootPath: directory, given: store.files, args, says: 'kept: ' })),
    ...{ store, mayGo: () => false },
    isDone: (tree, frame) => frame !== wanted || isKept(tree, frame),
    doAgain: (scratch) => keep(scratch, wanted),
  };
}

/** Promises that a power cut breaks, as sentences, each once. */
export function brokenBy({ cuts, store, mayGo, isDone }: Scenario): string[] {
  const broken = new Set<string>();
  for (const { tree, isSaid } of cuts) {
    for (const what of brokenIn(tree, store, mayGo)) broken.add(what);
    if (!isSaid) continue;
    for (const frame of store.frames) {
      if (!isDone(tree, frame)) broken.add(`the command said that it was done: ${frame.path}`);
    }
  }
  return [...broken];
}

/** Deletes by the limit of `cutPrune`. */
export async function prune(directory: string): Promise<void> {
  const limits = { ...noLimits, maxAge: [{ camera: undefined, amount: maxAgeMs() }] };
  const parts = await openSweepParts(directory, limits, systemClock);
  const { outcome } = await sweep(parts, { waitS: 0, mayDelete: () => true });
  if (outcome !== 'done') throw new Error(`a sweep of ${directory} ends as ${outcome}`);
}

async function keep(directory: string, { path }: StoredFrame): Promise<void> {
  const [camera = '', day = ''] = path.split('/');
  const target = { kind: 'file', camera, day: `${camera}/${day}`, name: basename(path) } as const;
  const wish = { kind: 'kept', note: undefined, atMs: Date.now() } as const;
  await withCaptures(directory, (root) =>
    withSweepLock(root, 0, () => keepFrames(keepingDirectory(root), target, wish)),
  );
}

export async function withCaptures<T>(
  directory: string,
  act: (root: Folder) => Promise<T>,
): Promise<T> {
  const root = await Folder.open(directory);
  try {
    return await act(root);
  } finally {
    await root.close();
  }
}

function frameOf({ frames }: ArchiveStore, nth: number): StoredFrame {
  const frame = frames[nth];
  if (frame === undefined) throw new Error(`the store has no frame ${nth}`);
  return frame;
}
