/** Shared by the tests of sources that read files of other programs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CapturedFrame, FrameSource } from '../../agent/source/frame-source.js';
import { describeError } from '../../shared/cli/errors.js';
import { eventually } from './eventually.js';
import { makeJpeg } from './pictures.js';
import { fixtureProgram } from './processes.js';
import { start } from './programs.js';
import { temporaryDirectory } from './temporary.js';

/** Opens a source and closes it after the test. */
export async function closing(opening: Promise<FrameSource>): Promise<FrameSource> {
  const source = await opening;
  onTestFinished(() => source.close());
  return source;
}

/** The next frame; fails after 30 s, long enough for any machine. */
export function next(source: FrameSource): Promise<CapturedFrame> {
  return source.next(AbortSignal.timeout(30_000));
}

/** The error of the first call that fails. */
export function failureOf(source: FrameSource): Promise<string> {
  const attempt = () =>
    next(source).then(
      () => false as const,
      (error: unknown) => describeError(error),
    );
  return eventually(attempt, 'a call that fails');
}

/** Waits for a call that gives a frame. */
export function frameOf(source: FrameSource): Promise<CapturedFrame> {
  return eventually(() => next(source).catch(() => false as const), 'a frame');
}

/** Starts a program that keeps replacing `path` by one of three JPEGs in turn. @returns the JPEGs */
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
