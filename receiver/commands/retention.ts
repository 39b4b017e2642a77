/** Retention in a running receiver: its limits from the options, its log lines. */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { counted, humanSize } from '../../shared/cli/humanize.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../shared/clock.js';
import {
  type CameraLimit,
  type FreeSpace,
  type RetentionLimits,
  hasLimits,
  limitsText,
} from '../archive/retention/limits.js';
import { openSweepParts } from '../archive/retention/open-retention.js';
import { RetainingStore, sweepEveryMs } from '../archive/retention/retaining-store.js';
import { lastSweepMs } from '../archive/retention/sweep-lock.js';
import type { SweepReport } from '../archive/retention/sweep-report.js';
import { Folder } from '../store/folder.js';
import type { FrameStore } from '../store/store-port.js';

/** Sentences that are remembered, so that each is logged once. */
const maxSentences = 1000;

export interface RetentionOptions {
  readonly maxAge: readonly CameraLimit[];
  readonly maxSize: readonly CameraLimit[];
  readonly minFree: FreeSpace | undefined;
}

export function limitsOf({ maxAge, maxSize, minFree }: RetentionOptions): RetentionLimits {
  return { maxAge, maxSize, minFree };
}

/** The store within its limits; without limits the store itself. @throws {OperationalError} STORE */
export async function withRetention(
  store: FrameStore,
  directory: string,
  options: RetentionOptions,
  { log, clock }: { readonly log: Log; readonly clock: Clock },
): Promise<FrameStore> {
  const limits = limitsOf(options);
  if (!hasLimits(limits)) return store;
  try {
    const parts = await openSweepParts(directory, limits, clock);
    const retaining = new RetainingStore({ ...parts, ...reportTo(log, clock), store, clock });
    retaining.start(await isDue(directory, clock.nowMs()));
    const { totals } = parts;
    log.info('deleting the oldest frames beyond the limits', {
      limits: limitsText(limits),
      frames: totals.frames,
      used: humanSize(totals.totalBytes),
    });
    return retaining;
  } catch (cause) {
    if (cause instanceof OperationalError || systemCode(cause) === undefined) throw cause;
    throw new OperationalError('STORE', `cannot count what ${directory} uses`, { cause });
  }
}

/** With a process for each connection, not each of them sweeps at its start. */
async function isDue(directory: string, nowMs: number): Promise<boolean> {
  const root = await Folder.open(directory);
  try {
    const lastMs = lastSweepMs(root) ?? -Infinity;
    return Math.abs(nowMs - lastMs) >= sweepEveryMs;
  } finally {
    await root.close();
  }
}

/** What a running receiver says about its sweeps. */
export function reportTo(log: Log, clock: Clock): SweepReport {
  const failures = new RepeatingErrorLog(log, clock);
  const said = new Set<string>();
  return {
    onSwept: ({ frames, byteCount, plan }) => {
      failures.worked('frames are deleted again');
      const counts = [...(plan?.parts ?? [])].flatMap((part) => [...part.counts.keys()]);
      const why = [...new Set(counts)].join(' ');
      log.info('old frames deleted', { frames, size: humanSize(byteCount), why });
    },
    onWaiting: ({ frames, storeFrames, limits, endMs }) => {
      const sentence =
        `${limits} would delete ${counted(frames, 'frame')} of ${storeFrames}, more than half: ` +
        `nothing is deleted before ${new Date(endMs).toISOString()}`;
      if (said.has(sentence)) return;
      said.add(sentence);
      log.warn(sentence, { now: 'receiver prune --yes', otherwise: 'change the limits' });
    },
    onLeft: (sentence) => {
      if (said.has(sentence) || said.size >= maxSentences) return;
      said.add(sentence);
      log.warn('not deleted', { what: sentence });
    },
    onFailure: (error) => failures.failed('cannot delete old frames', error),
  };
}
