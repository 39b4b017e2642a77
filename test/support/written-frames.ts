/** What the tests of sources share that take the files which other programs write. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CapturedFrame, FrameSource } from '../../agent/source/frame-source.js';
import { makeJpeg } from './pictures.js';
import { fixtureProgram } from './processes.js';
import { start } from './programs.js';
import { temporaryDirectory } from './temporary.js';

/** The source, closed when the test is over. */
export async function closing(opening: Promise<FrameSource>): Promise<FrameSource> {
  const source = await opening;
  onTestFinished(() => source.close());
  return source;
}

/** The next frame; fails after a time in which it would have come on any machine. */
export function next(source: FrameSource): Promise<CapturedFrame> {
  return source.next(AbortSignal.timeout(30_000));
}

/** Starts a program that writes JPEGs in turn over `path`. @returns the JPEGs */
export function rewriteForever(path: string, everyMs: number): readonly Buffer[] {
  const directory = temporaryDirectory();
  const versions = [1, 2, 3].map((number) => makeJpeg(number));
  const files = versions.map((bytes, n) => {
    const file = join(directory, `${n}.jpg`);
    writeFileSync(file, bytes);
    return file;
  });
  start(process.execPath, [fixtureProgram('rewriter.mjs'), path, String(everyMs), ...files]);
  return versions;
}
