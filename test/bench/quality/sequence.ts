/** Labelled sequences: a folder of frames with `labels.csv` (columns frame and label) beside them. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findSequences } from '../../../agent/replay/frame-files.js';
import { timeFrames } from '../../../agent/replay/frame-times.js';
import { decodeSmall } from '../../../agent/detect/decode.js';
import type { SmallPicture } from '../../../agent/detect/grid.js';
import { type GreyFrame, decodeGrey } from './pixels.js';
import type { Label } from './score.js';

export interface Sequence {
  readonly name: string;
  /** The frames' files; none when they are altered. */
  readonly paths: readonly string[];
  readonly labels: readonly Label[];
  readonly capturedAtMs: readonly number[];
  /** The whole frame in grey. */
  readonly grey: (index: number) => GreyFrame;
  /** As the agent sees it. */
  readonly small: (index: number) => SmallPicture;
}

/** Decoded frames that are kept for the next method or alteration. */
const maxCacheBytes = 700e6;

/** Folders with labels: each that is given, or those that lie in it. */
export function labelledFolders(directories: readonly string[]): string[] {
  const folders = directories.flatMap((directory) => [
    directory,
    ...readdirSync(directory).map((name) => join(directory, name)),
  ]);
  return folders.filter((folder) => existsSync(join(folder, 'labels.csv'))).sort();
}

/** @param fps told; else the frames' own times, as `agent replay` finds them */
export async function readSequence(folder: string, fps: number | undefined): Promise<Sequence> {
  const labels = readLabels(join(folder, 'labels.csv'));
  const sequences = await findSequences([folder]);
  const paths = sequences
    .flatMap((each) => each.paths)
    .filter((path) => labels.has(basename(path)));
  const modifiedMs = () => Promise.resolve(paths.map((path) => statSync(path).mtimeMs));
  const { capturedAtMs } = await timeFrames(
    paths.map((path) => basename(path)),
    fps,
    modifiedMs,
  );
  const cache = new Map<number, GreyFrame>();
  let cachedBytes = 0;
  const read = (index: number): Buffer => readFileSync(paths[index]!);
  return {
    name: basename(folder) || basename(dirname(folder)),
    paths,
    labels: paths.map((path) => labels.get(basename(path))!),
    capturedAtMs,
    grey: (index) => {
      const known = cache.get(index);
      if (known !== undefined) return known;
      const frame = decodeGrey(read(index));
      cachedBytes += frame.grey.length;
      if (cachedBytes < maxCacheBytes) cache.set(index, frame);
      return frame;
    },
    small: (index) => decodeSmall(read(index)),
  };
}

function readLabels(path: string): Map<string, Label> {
  const [head = '', ...rows] = readFileSync(path, 'utf8').split(/\r?\n/).filter(Boolean);
  const [frameAt, labelAt] = ['frame', 'label'].map((name) => head.split(',').indexOf(name));
  if (frameAt === undefined || labelAt === undefined || frameAt < 0 || labelAt < 0) {
    throw new Error(`${path} needs the columns frame and label`);
  }
  return new Map(
    rows.map((row) => {
      const cells = row.split(',');
      const label = Number(cells[labelAt]);
      if (label !== 0 && label !== 1 && label !== -1) throw new Error(`${path}: label in '${row}'`);
      return [cells[frameAt] ?? '', label];
    }),
  );
}
