/**
 * One sweep of a store whose receiver may be idle, as the timer runs it: what a running receiver would do, and nothing
 * that waits for a person. More than half of the frames wait for a day, in the same file as a receiver's wait.
 */
import type { Clock } from '../../../shared/clock.js';
import { counted, humanSize } from '../../../shared/cli/humanize.js';
import { Folder } from '../../store/folder.js';
import { markerName } from '../../store/store-marker.js';
import { forgetWait, isMuch, waitFor } from './caution.js';
import { type RetentionLimits, limitsText } from './limits.js';
import { openSweepParts } from './open-retention.js';
import { shortLines } from './plan-text.js';
import { type SweepResult, type SweepWish, sweep } from './sweep.js';
import type { SweepParts } from './sweep-parts.js';

/** A sweep, or why it waits. */
export interface Cautious {
  readonly outcome: SweepResult['outcome'];
  readonly result: SweepResult;
  readonly storeFrames: number;
  /** When a sweep of more than half goes ahead; undefined: nothing waits. */
  readonly waitsUntilMs: number | undefined;
}

export type Scheduled = { readonly outcome: 'unused' } | Cautious;

/** @param waitS for another process that sweeps @throws a system error; {OperationalError} STORE */
export async function scheduledSweep(
  directory: string,
  limits: RetentionLimits,
  clock: Clock,
  waitS: number,
): Promise<Scheduled> {
  const isUsed = await inFolder(directory, (root) => root.lstat(markerName) !== undefined);
  if (!isUsed) return { outcome: 'unused' };
  return await cautiousSweep(await openSweepParts(directory, limits, clock), { waitS });
}

/** @throws as `sweep` */
export async function cautiousSweep(
  parts: SweepParts,
  wish: Pick<SweepWish, 'waitS' | 'isStopped'>,
): Promise<Cautious> {
  const limits = limitsText(parts.limits);
  const wait: { isAsked: boolean; untilMs: number | undefined } = {
    isAsked: false,
    untilMs: undefined,
  };
  const result = await sweep(parts, {
    ...wish,
    mayDelete: async ({ frameCount }, all) => {
      if (!isMuch(frameCount, all)) return true;
      wait.isAsked = true;
      wait.untilMs = await inRoot(parts, (root) => waitFor(root, limits, parts.nowMs()));
      return wait.untilMs === undefined;
    },
  });
  if (!wait.isAsked && result.outcome === 'done') await inRoot(parts, forgetWait);
  const [storeFrames, waitsUntilMs] = [parts.totals.frames, wait.untilMs];
  return { outcome: result.outcome, result, storeFrames, waitsUntilMs };
}

/** For the log of the service. */
export function scheduledLines(
  directory: string,
  limits: RetentionLimits,
  done: Scheduled,
): readonly string[] {
  if (done.outcome === 'unused') {
    return [
      `nothing is deleted: no receiver has stored in ${directory}, or its disk is not mounted`,
    ];
  }
  const { outcome, result, storeFrames, waitsUntilMs } = done;
  const { frames, byteCount, plan, left } = result;
  if (outcome === 'held') return [`another process deletes frames in ${directory} now`];
  if (waitsUntilMs !== undefined) {
    const wish = `${limitsText(limits)} would delete ${counted(plan?.frameCount ?? 0, 'frame')} of ${storeFrames}`;
    return [
      `${wish}, more than half: nothing is deleted before ${new Date(waitsUntilMs).toISOString()}`,
      'to delete them now: receiver prune --yes; otherwise change the limits',
    ];
  }
  const short = plan === undefined ? [] : shortLines(plan.shortBytes);
  return [`${counted(frames, 'frame')} deleted, ${humanSize(byteCount)}`, ...short, ...left];
}

async function inRoot<T>(
  { directory, checkRoot }: SweepParts,
  act: (root: Folder) => T | Promise<T>,
): Promise<T> {
  return await inFolder(directory, async (root) => {
    await checkRoot(root);
    return await act(root);
  });
}

async function inFolder<T>(directory: string, act: (root: Folder) => T | Promise<T>): Promise<T> {
  const root = await Folder.open(directory);
  try {
    return await act(root);
  } finally {
    await root.close();
  }
}
