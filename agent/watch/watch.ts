/**
 * The agent's loop: a frame from the source, the judge's word on it, and into the spool what is to be sent.
 * Delivery goes on beside it and never makes it wait.
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
   * The frames whose fate is decided by the next one, in the order of capture.
   * @throws {OperationalError} FRAME: it cannot be looked at
   */
  readonly judge: (frame: CapturedFrame) => readonly Decided<CapturedFrame>[];
  /** The frames whose fate is open when watching ends. */
  readonly finish: () => readonly Decided<CapturedFrame>[];
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /**
   * Told of every frame that was decided on, once it waits if it is to be sent; `sha256` is then that of the
   * JPEG.
   */
  readonly onJudged: (decided: Decided<CapturedFrame>, sha256: string | undefined) => void;
}

export interface WatchSettings {
  /** From the start of one shot to the start of the next, where the source does not set the pace. */
  readonly intervalMs: number;
  /** A camera that was unplugged is looked for at least this often, and found soon when it is back. */
  readonly pauseCapMs: number;
  /** Told of every attempt to have a frame that ended, with the failure that was told if it failed. */
  readonly onAttempted: (failure?: OperationalError) => void;
}

const firstPauseMs = 1000;

/** Watches until `signal` aborts. Failing captures are told and tried again; they do not end it. */
export async function watch(
  parts: WatchParts,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  await takeUntil(parts, settings, signal);
  await settle(parts, parts.finish());
}

async function takeUntil(
  parts: WatchParts,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  const { source, clock, log } = parts;
  const pauses = { firstMs: firstPauseMs, capMs: settings.pauseCapMs };
  const pace = new Ticker(clock, source.isPaced ? settings.intervalMs : 0);
  const capture = new RepeatingErrorLog(log, clock);
  const frames = new RepeatingErrorLog(log, clock);
  for (;;) {
    await pace.tick(signal);
    if (signal.aborted) return;
    try {
      await takeOne(parts, signal);
      capture.worked(`${source.name} delivers again`);
      frames.worked(`${source.name} delivers whole frames again`);
      settings.onAttempted();
    } catch (error) {
      if (isAborted(signal)) return;
      if (!(error instanceof OperationalError)) throw error;
      settings.onAttempted(error);
      if (error.code === 'FRAME') frames.failed('passed over a frame', error);
      else {
        capture.failed('not watching: no frame', error);
        await clock.sleep(backoffMs(capture.failures, parts.random(), pauses), signal);
      }
    }
  }
}

/** Asked anew: the compiler takes what it saw before an await for granted. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/**
 * One round: captures a frame, judges it, spools what is to be sent now.
 * @throws {OperationalError} CAMERA, FRAME: nothing was judged, nothing waits
 */
export async function takeOne(parts: WatchParts, signal: AbortSignal): Promise<void> {
  await settle(parts, parts.judge(await parts.source.next(signal)));
}

/** One after the other, so that the spool has them in the order of capture. */
async function settle(
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
  const said = { reason, ratio, boxes: [...boxes], changed, strength };
  return outbox.add({
    jpeg: frame.jpeg,
    capturedAtMs,
    utcOffsetMinutes: clock.utcOffsetMinutes(capturedAtMs),
    verdict: { ...said, ...(event !== undefined && { event }) },
  });
}
