/**
 * What a selection remembers between processes, as JSON: its memory, and what is known of each frame that it
 * holds. The frames themselves lie elsewhere, named here. Pure.
 */
import * as v from 'valibot';
import { maxBoxes } from '../../shared/protocol/limits.js';
import { type Held, type SelectionMemory, maxPendingFrames } from './event-recorder.js';

export interface SelectionState {
  readonly memory: SelectionMemory;
  /** `frame`: the SHA-256 of the JPEG, 64 hex digits. */
  readonly held: readonly Held<string>[];
}

const ms = v.pipe(v.number(), v.finite());
const durationMs = v.pipe(ms, v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const run = { id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)), sinceChangeMs: durationMs };

const finding = v.object({
  kind: v.picklist(['first', 'quiet', 'change', 'scene']),
  ratio: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  boxes: v.pipe(v.array(v.strictTuple([count, count, count, count])), v.maxLength(maxBoxes)),
  strength: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

export const selectionState = v.object({
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
        finding,
        byteCount: count,
        isPending: v.boolean(),
        isDue: v.boolean(),
      }),
    ),
    v.maxLength(2 * maxPendingFrames),
  ),
});
