/**
 * Runs stored frames through the agent's own code at full speed: reduced decoding, detection, event recording.
 * Several trials can use each decoded frame.
 */
import { OperationalError, describeError } from '../../shared/cli/errors.js';
import { decodeSmall } from '../detect/decode.js';
import type { SmallPicture } from '../detect/grid.js';
import type { Detection } from '../events/verdict.js';
import { type StoredFrame, readFrames } from './stored-frames.js';
import type { Outcome, Trial } from './trial.js';

/** A decoded frame and its detection by the first trial, whose `lastCellMap` is that of the frame. */
export interface AnalysedFrame {
  readonly name: string;
  readonly capturedAtMs: number;
  readonly jpeg: Buffer;
  readonly picture: SmallPicture;
  readonly detection: Detection;
}

export interface ReplayParts {
  readonly paths: readonly string[];
  /** One for each path. */
  readonly capturedAtMs: readonly number[];
  readonly maxFrameBytes: number;
  /** At least one. */
  readonly trials: readonly Trial[];
  /** Called after each frame and at the end: for each trial, the frames that are decided now, in order. */
  readonly onDecided: (decided: readonly (readonly Outcome[])[]) => Promise<void>;
  /** Called for each decoded frame, after the first trial has its detection. */
  readonly onAnalysed: (frame: AnalysedFrame) => Promise<void>;
}

/** Resolves when every frame is processed, or soon after `signal` aborts: the rest is then left out. */
export async function replay(parts: ReplayParts, signal: AbortSignal): Promise<void> {
  const { paths, capturedAtMs, maxFrameBytes, trials } = parts;
  let index = 0;
  for await (const frame of readFrames(paths, maxFrameBytes, signal)) {
    await analyse(frame, capturedAtMs[index] ?? 0, parts);
    await parts.onDecided(trials.map((trial) => trial.decided()));
    index += 1;
  }
  await parts.onDecided(trials.map((trial) => trial.finish()));
}

async function analyse(
  frame: StoredFrame,
  capturedAtMs: number,
  { trials, onAnalysed }: ReplayParts,
): Promise<void> {
  const { name } = frame;
  const startMs = performance.now();
  const decoded = 'error' in frame ? frame : decode(frame.jpeg);
  const decodedMs = performance.now() - startMs;
  for (const [index, trial] of trials.entries()) {
    const outcome: Outcome = { name, capturedAtMs, ms: decodedMs };
    if ('error' in decoded) {
      trial.pass({ ...outcome, error: decoded.error });
      continue;
    }
    const { jpeg, picture } = decoded;
    const detectStartMs = performance.now();
    const detection = trial.take(outcome, picture, jpeg.length);
    outcome.ms += performance.now() - detectStartMs;
    if (index === 0) await onAnalysed({ name, capturedAtMs, jpeg, picture, detection });
  }
}

/** @returns the reduced picture, or why the frame cannot be decoded */
function decode(
  jpeg: Buffer,
): { readonly jpeg: Buffer; readonly picture: SmallPicture } | { readonly error: string } {
  try {
    return { jpeg, picture: decodeSmall(jpeg) };
  } catch (error) {
    if (error instanceof OperationalError && error.code === 'FRAME') {
      return { error: describeError(error) };
    }
    throw error;
  }
}
