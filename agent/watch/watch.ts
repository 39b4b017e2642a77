/**
 * The agent's main loop: takes a frame from the source, gets its verdict, and spools it if it is to be sent.
 * Delivery runs concurrently and never blocks the loop.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { backoffMs } from '../../shared/backoff.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Decided } from '../events/event-recorder.js';
import { Ticker } from './ticker.js';
import type { CapturedFrame, FrameSource } from '../source/frame-source.js';
import type { Outbox } from '../spool/spool.js';

export interface WatchParts {
  readonly source: FrameSource;
  /**
   * Takes the next frame. @returns the frames that are decided now, in the order of capture
   * @throws {OperationalError} FRAME: the frame cannot be decoded
   */
  readonly judge: (frame: CapturedFrame) => readonly Decided<CapturedFrame>[];
  /** Decides the frames that are still undecided when watching ends. */
  readonly finish: () => readonly Decided<CapturedFrame>[];
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Called for every decided frame, after it is spooled if it is to be sent; `sha256` is then that of the JPEG. */
  readonly onJudged: (decided: Decided<CapturedFrame>, sha256: string | undefined) => void;
}

export interface WatchSettings {
  /** From the start of one shot to the start of the next; only for a source with `isPaced`. */
  readonly intervalMs: number;
  /** Maximum pause between attempts: how soon a camera that was plugged in again is found. */
  readonly pauseCapMs: number;
  /** Called after every attempt to capture a frame, with the failure if it failed. */
  readonly onAttempted: (failure?: OperationalError) => void;
}

const firstPauseMs = 1000;

/** Watches until `signal` aborts. Failed captures are logged and tried again; they do not end the loop. */
export async function watch(
  parts: WatchParts,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  await takeUntil(parts, settings, signal);
  await spoolDecided(parts, parts.finish());
}

async function takeUntil(
  parts: WatchParts,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  const { source, clock, log } = parts;
  const pauses = { firstMs: firstPauseMs, capMs: settings.pauseCapMs };
  const ticker = new Ticker(clock, source.isPaced ? settings.intervalMs : 0);
  const captureErrors = new RepeatingErrorLog(log, clock);
  const frameErrors = new RepeatingErrorLog(log, clock);
  for (;;) {
    await ticker.tick(signal);
    if (signal.aborted) return;
    try {
      await takeOne(parts, signal);
      captureErrors.worked(`${source.name} delivers again`);
      frameErrors.worked(`${source.name} delivers whole frames again`);
      settings.onAttempted();
    } catch (error) {
      if (isAborted(signal)) return;
      if (!(error instanceof OperationalError)) throw error;
      settings.onAttempted(error);
      if (error.code === 'FRAME') frameErrors.failed('frame skipped', error);
      else {
        captureErrors.failed('capture failed', error);
        await clock.sleep(backoffMs(captureErrors.failures, parts.random(), pauses), signal);
      }
    }
  }
}

/** A function: the compiler keeps the narrowed value of a property across an await. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/**
 * One cycle: captures a frame, runs detection, spools the frames that are to be sent now.
 * @throws {OperationalError} CAMERA, FRAME: no verdict, and nothing was spooled
 */
export async function takeOne(parts: WatchParts, signal: AbortSignal): Promise<void> {
  await spoolDecided(parts, parts.judge(await parts.source.next(signal)));
}

/** One after the other: the spool keeps the order of capture. */
async function spoolDecided(
  parts: WatchParts,
  decisions: readonly Decided<CapturedFrame>[],
): Promise<void> {
  for (const decided of decisions) {
    const sha256 = await spool(parts, decided);
    parts.log.debug('judged', { captured: decided.capturedAtMs, ...decided.verdict });
    parts.onJudged(decided, sha256);
  }
}

async function spool(
  { outbox, clock }: WatchParts,
  { frame, capturedAtMs, verdict }: Decided<CapturedFrame>,
): Promise<string | undefined> {
  const { reason, ratio, boxes, event, changed, strength } = verdict;
  if (reason === undefined) return undefined;
  const sentVerdict = { reason, ratio, boxes: [...boxes], changed, strength };
  return outbox.add({
    jpeg: frame.jpeg,
    capturedAtMs,
    utcOffsetMinutes: clock.utcOffsetMinutes(capturedAtMs),
    verdict: { ...sentVerdict, ...(event !== undefined && { event }) },
  });
}
