/**
 * Stores the cells of frames for the next run: whole frames take minutes to decode and to alter, their cells take
 * seconds to judge. What is stored belongs to the bytes, labels and times of a sequence, and to the code that makes its
 * cells; when one of these differs, the cells are made anew.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { OperationalError } from '../../../shared/cli/errors.js';
import type { SmallPicture } from '../../../agent/detect/grid.js';
import type { Sequence } from './sequence.js';

const usualDirectory = 'node_modules/.cache/picchanged/quality-cells';
/** All code that makes cells of a frame's file: these, and what they import. */
const sources = ['sequence', 'alterations'].map((name) => `test/bench/quality/${name}.ts`);
/** Numbers of a file before its cells: columns, rows, cellPx, width and height of the frame. */
const headNumbers = 5;

/** The sequence as it was read, and one that is made of it: the second is stored, the first tells when it is stale. */
export type StoreCells = (of: Sequence, made: Sequence, name: string) => Sequence;

/** Removes what other code has stored there. */
export async function openStoredCells(parent = usualDirectory): Promise<StoreCells> {
  const code = await digestOfCode();
  mkdirSync(join(parent, code), { recursive: true });
  for (const other of readdirSync(parent)) {
    if (other !== code) rmSync(join(parent, other), { recursive: true });
  }
  const digests = new Map<Sequence, string>();
  return (of, made, name) => {
    const digest = digests.get(of) ?? digestOfSequence(of);
    digests.set(of, digest);
    const path = join(parent, code, `${of.name}.${name.replace(/[^\w.]+/g, '-')}.${digest}`);
    let numbers = readNumbers(path, made);
    if (numbers === undefined) {
      numbers = makeNumbers(made);
      // Renamed when it is whole: a run that is interrupted leaves no part.
      writeFileSync(`${path}.new`, numbers);
      renameSync(`${path}.new`, path);
    }
    return withCells(made, numbers);
  };
}

/** The lock file has the version of the JPEG decoder. */
async function digestOfCode(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: sources,
    outdir: usualDirectory,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return digestOf([
    ...outputFiles.map(({ contents }) => contents),
    readFileSync('package-lock.json'),
  ]);
}

function digestOfSequence({ paths, labels, capturedAtMs }: Sequence): string {
  const described = JSON.stringify({ labels, capturedAtMs });
  return digestOf([described, ...paths.map((path) => readFileSync(path))]);
}

function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}

/** @returns undefined when there is no such file, or it has other cells than it must have */
function readNumbers(path: string, { labels }: Sequence): Float32Array | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const numbers = new Float32Array(Uint8Array.from(bytes).buffer);
  const [columns = 0, rows = 0] = numbers;
  return numbers.length === headNumbers + labels.length * columns * rows ? numbers : undefined;
}

/** Frames that are damaged, or of another size than the first, have NaN as their first cell. */
function makeNumbers({ labels, small }: Sequence): Float32Array {
  const pictures = labels.map((_, index) => tryPicture(small, index));
  const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = pictures.find(
    (picture) => picture !== undefined,
  ) ?? { columns: 0, rows: 0, cellPx: 0, frameWidthPx: 0, frameHeightPx: 0 };
  const cells = columns * rows;
  const numbers = new Float32Array(headNumbers + labels.length * cells);
  numbers.set([columns, rows, cellPx, frameWidthPx, frameHeightPx]);
  for (const [index, picture] of pictures.entries()) {
    const at = headNumbers + index * cells;
    const isAlike =
      picture?.frameWidthPx === frameWidthPx && picture.frameHeightPx === frameHeightPx;
    if (isAlike) numbers.set(picture.luma, at);
    else if (cells > 0) numbers[at] = NaN;
  }
  return numbers;
}

function tryPicture(small: Sequence['small'], index: number): SmallPicture | undefined {
  try {
    return small(index);
  } catch (error) {
    if (error instanceof OperationalError) return undefined;
    throw error;
  }
}

function withCells(made: Sequence, numbers: Float32Array): Sequence {
  const [columns = 0, rows = 0, cellPx = 0, frameWidthPx = 0, frameHeightPx = 0] = numbers;
  const grid = { columns, rows, cellPx, frameWidthPx, frameHeightPx };
  const cells = columns * rows;
  return {
    ...made,
    small: (index) => {
      const at = headNumbers + index * cells;
      const luma = numbers.slice(at, at + cells);
      return luma.length === 0 || Number.isNaN(luma[0]) ? made.small(index) : { ...grid, luma };
    },
  };
}
