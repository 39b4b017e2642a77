/** One cycle of the agent: takes a frame from the source, runs detection, and spools the frames that are to be sent. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import type { DetectionPipeline } from '../detect/pipeline.js';
import type { Decided } from '../events/event-recorder.js';
import { isSent, verdictFields } from '../events/verdict.js';
import type { CapturedFrame, FrameSource } from '../source/frame-source.js';
import type { Outbox } from '../spool/spool.js';

export interface CycleParts {
  readonly source: FrameSource;
  readonly pipeline: Pick<DetectionPipeline, 'process' | 'hasChange'>;
  readonly outbox: Outbox;
  readonly observers: readonly FrameObserver[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface FrameObserver {
  /** A frame was compared with the background; it may be decided later. */
  compared?(frame: CapturedFrame, isChanged: boolean): void;
  /** A frame is decided, and spooled if it is to be sent; `sha256` is then that of the JPEG. */
  judged(decided: Decided<CapturedFrame>, sha256: string | undefined): void;
}

/** @throws {OperationalError} CAMERA, FRAME: no verdict, and nothing was spooled */
export async function takeFrame(parts: CycleParts, signal: AbortSignal): Promise<void> {
  const { source, pipeline, observers } = parts;
  const frame = await source.next(signal);
  const decided = pipeline.process(frame);
  for (const observer of observers) observer.compared?.(frame, pipeline.hasChange);
  await spoolDecided(parts, decided);
}

/** One after the other: the spool keeps the order of capture. */
export async function spoolDecided(
  parts: Omit<CycleParts, 'source' | 'pipeline'>,
  decisions: readonly Decided<CapturedFrame>[],
): Promise<void> {
  for (const decided of decisions) {
    const sha256 = await spool(parts, decided);
    if (!isSent(decided.verdict)) decided.frame.lifecycle?.released();
    const captured = decided.frame.capturedAtMs;
    parts.log.debug('judged', { captured, ...verdictFields(decided.verdict) });
    for (const observer of parts.observers) observer.judged(decided, sha256);
  }
}

async function spool(
  { outbox, clock }: Pick<CycleParts, 'outbox' | 'clock'>,
  { frame, verdict }: Decided<CapturedFrame>,
): Promise<string | undefined> {
  if (!isSent(verdict)) return undefined;
  const { jpeg, capturedAtMs, lifecycle } = frame;
  const utcOffsetMinutes = clock.utcOffsetMinutes(capturedAtMs);
  const onDelivered = lifecycle && ((): void => lifecycle.released());
  const frameToSend = { jpeg, capturedAtMs, utcOffsetMinutes, verdict, onDelivered };
  await lifecycle?.spooling();
  const spooled = await outbox.add(frameToSend);
  await lifecycle?.spooled(spooled);
  return spooled.sha256;
}
