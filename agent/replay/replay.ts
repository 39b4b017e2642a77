/**
 * Takes stored frames through the code that the watching agent takes them through, as fast as it goes:
 * decode small, detect, record events. Several trials can look at each decoded frame side by side.
 */
import { OperationalError, describeError } from '../../shared/cli/errors.js';
import { decodeSmall } from '../detect/decode.js';
import type { SmallPicture } from '../detect/grid.js';
import { type StoredFrame, readFrames } from './stored-frames.js';
import type { Outcome, Trial } from './trial.js';

export interface ReplayParts {
  readonly paths: readonly string[];
  /** As many as there are paths. */
  readonly capturedAtMs: readonly number[];
  readonly maxFrameBytes: number;
  /** At least one. */
  readonly trials: readonly Trial[];
  /** What has been decided in each trial, frames in order. Once for each frame that is looked at, and at the end. */
  readonly onDecided: (decided: readonly (readonly Outcome[])[]) => Promise<void>;
  /** Each frame, right after the first trial has judged it. */
  readonly onLooked: (name: string, picture: SmallPicture, isChanged: boolean) => Promise<void>;
}

/** Resolves when every frame has had its turn, or soon after `signal` aborts: then the rest is left out. */
export async function replay(parts: ReplayParts, signal: AbortSignal): Promise<void> {
  const { paths, capturedAtMs, maxFrameBytes, trials } = parts;
  let index = 0;
  for await (const frame of readFrames(paths, maxFrameBytes, signal)) {
    await lookAt(frame, capturedAtMs[index] ?? 0, parts);
    await parts.onDecided(trials.map((trial) => trial.decided()));
    index += 1;
  }
  await parts.onDecided(trials.map((trial) => trial.finish()));
}

async function lookAt(
  frame: StoredFrame,
  capturedAtMs: number,
  { trials, onLooked }: ReplayParts,
): Promise<void> {
  const { name } = frame;
  const startMs = performance.now();
  const picture = 'error' in frame ? frame.error : decode(frame.jpeg);
  const decodedMs = performance.now() - startMs;
  const byteCount = 'error' in frame ? 0 : frame.jpeg.length;
  for (const [index, trial] of trials.entries()) {
    const outcome: Outcome = { name, capturedAtMs, ms: decodedMs };
    if (typeof picture === 'string') {
      trial.pass({ ...outcome, error: picture });
      continue;
    }
    const judgedFromMs = performance.now();
    const isChanged = trial.take(outcome, picture, byteCount);
    outcome.ms += performance.now() - judgedFromMs;
    if (index === 0) await onLooked(name, picture, isChanged);
  }
}

/** @returns the small picture, or why there is none */
function decode(jpeg: Buffer): SmallPicture | string {
  try {
    return decodeSmall(jpeg);
  } catch (error) {
    if (error instanceof OperationalError && error.code === 'FRAME') return describeError(error);
    throw error;
  }
}
