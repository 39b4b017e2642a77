/** The loop of a continuous watch: one cycle after the other. Delivery runs concurrently and never blocks the loop. */
import { OperationalError } from '../../shared/cli/errors.js';
import { backoffMs } from '../../shared/backoff.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { DetectionPipeline } from '../detect/pipeline.js';
import { type CycleParts, spoolDecided, takeFrame } from './take-frame.js';
import { intervalAt } from './pace.js';
import { Ticker } from './ticker.js';
import type { WatchProgress } from './watch-progress.js';

export interface WatchParts extends CycleParts {
  readonly pipeline: Pick<DetectionPipeline, 'process' | 'hasChange' | 'finish'>;
  readonly progress: Pick<WatchProgress, 'attempted'>;
  readonly random: () => number;
}

export interface WatchSettings {
  /** `--interval`: minimum time from one frame to the next; undefined: it is not given. */
  readonly intervalMs: number | undefined;
  /** Maximum pause between attempts: how soon a camera that was plugged in again is found. */
  readonly pauseCapMs: number;
}

const firstPauseMs = 1000;

/** Watches until `signal` aborts. Failed captures are logged and tried again; they do not end the loop. */
export async function watch(
  parts: WatchParts,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  await takeUntil(parts, settings, signal);
  await spoolDecided(parts, parts.pipeline.finish());
}

async function takeUntil(
  parts: WatchParts,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  const { source, clock, log } = parts;
  const pauses = { firstMs: firstPauseMs, capMs: settings.pauseCapMs };
  const ticker = new Ticker(clock);
  const captureErrors = new RepeatingErrorLog(log, clock);
  const frameErrors = new RepeatingErrorLog(log, clock);
  for (;;) {
    await ticker.tick(intervalAt(source.pace, settings.intervalMs), signal);
    if (signal.aborted) return;
    try {
      await takeFrame(parts, signal);
      captureErrors.worked(`${source.name} delivers again`);
      frameErrors.worked(`${source.name} delivers whole frames again`);
      parts.progress.attempted();
    } catch (error) {
      if (isAborted(signal)) return;
      if (!(error instanceof OperationalError)) throw error;
      parts.progress.attempted(error);
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
