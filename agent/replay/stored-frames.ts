/** Reads stored frames in order, one frame ahead of the caller. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { OperationalError, describeError } from '../../shared/cli/errors.js';
import { formatSize } from '../../shared/cli/units.js';

export type StoredFrame =
  | { readonly name: string; readonly jpeg: Buffer }
  /** The file could not be read, and why. */
  | { readonly name: string; readonly error: string };

/** Ends early when `signal` aborts. A file that cannot be read is a frame with an error. */
export async function* readFrames(
  paths: readonly string[],
  maxFrameBytes: number,
  signal: AbortSignal,
): AsyncGenerator<StoredFrame> {
  let reading: Promise<StoredFrame> | undefined;
  for (const path of paths) {
    if (signal.aborted) return;
    const previous = reading;
    reading = readFrame(path, maxFrameBytes);
    if (previous !== undefined) yield await previous;
  }
  if (reading !== undefined && !signal.aborted) yield await reading;
}

async function readFrame(path: string, maxFrameBytes: number): Promise<StoredFrame> {
  const name = basename(path);
  try {
    return { name, jpeg: await readWhole(path, maxFrameBytes) };
  } catch (error) {
    return { name, error: describeError(error) };
  }
}

async function readWhole(path: string, maxFrameBytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > maxFrameBytes) {
      const [actual, limit] = [size, maxFrameBytes].map(formatSize);
      throw new OperationalError('FRAME', `the file has ${actual}; the limit is ${limit}`, {
        hint: 'raise --max-frame',
      });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}
