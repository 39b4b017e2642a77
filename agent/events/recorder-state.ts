/**
 * JSON of what the event recorder keeps between processes: its state, and the metadata of each buffered frame. The
 * JPEGs are in files named by their SHA-256. The keys `memory`, `held` and `finding` are those of 0.1. Pure.
 */
import * as v from 'valibot';
import { maxBoxes } from '../../shared/protocol/protocol-limits.js';
import { type Buffered, type RecorderState, maxPendingFrames } from './event-recorder.js';

export interface KeptRecorder {
  readonly state: RecorderState;
  /** `frame`: the SHA-256 of the JPEG, 64 hex digits. */
  readonly buffered: readonly Buffered<string>[];
}

const ms = v.pipe(v.number(), v.finite());
const durationMs = v.pipe(ms, v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const run = { id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)), sinceChangeMs: durationMs };

const detection = v.object({
  kind: v.picklist(['first', 'quiet', 'change', 'scene']),
  ratio: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  boxes: v.pipe(v.array(v.strictTuple([count, count, count, count])), v.maxLength(maxBoxes)),
  strength: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

/** The schema of the JSON; its output is a `KeptRecorder`. */
export const keptRecorder = v.pipe(
  v.object({
    memory: v.object({
      capturedAtMs: ms,
      event: v.optional(v.object(run)),
      pending: v.optional(v.object({ ...run, durationMs })),
      afterLeft: count,
      sinceKeptMs: durationMs,
    }),
    held: v.pipe(
      v.array(
        v.object({
          frame: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
          capturedAtMs: ms,
          finding: detection,
          byteCount: count,
          isPending: v.boolean(),
          isDue: v.boolean(),
        }),
      ),
      v.maxLength(2 * maxPendingFrames),
    ),
  }),
  v.transform(({ memory, held }): KeptRecorder => ({
    state: memory,
    buffered: held.map(({ finding, ...rest }) => ({ ...rest, detection: finding })),
  })),
);

/** @returns the JSON that `keptRecorder` parses */
export function encodeRecorder({ state, buffered }: KeptRecorder): object {
  const held = buffered.map(({ detection: finding, ...rest }) => ({ ...rest, finding }));
  return { memory: state, held };
}
