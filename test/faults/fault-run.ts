/** One run of the fault suite: executes the plan while the camera makes frames, then runs the audit. */
import { setTimeout as delay } from 'node:timers/promises';
import { audit } from './audit.js';
import { auditDiskFaults } from './errno-audit.js';
import { type Fault, isDiskFault } from './plan.js';
import { Stage, type StageSettings } from './stage.js';

export interface RunSettings extends StageSettings {
  readonly plan: readonly Fault[];
  /** Frames to be declared in all. */
  readonly frames: number;
  readonly frameEveryMs: number;
  readonly settleDeadlineMs: number;
  readonly onFault?: (fault: Fault, declaredCount: number) => void;
  readonly witness?: Witness;
  /** Ends the run; both programs are ended and the small disks unmounted first. */
  readonly signal?: AbortSignal;
}

/** Another program beside the pair, which follows the captures. */
export interface Witness {
  start(capturesPath: string): Promise<void>;
  /** After the pair has ended. @returns a sentence for each broken promise */
  finish(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Outcome {
  /** A sentence for each broken promise. */
  readonly violations: readonly string[];
  readonly put: number;
  readonly declared: number;
  readonly stored: number;
  readonly waiting: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly acknowledged: number;
  readonly unfinished: number;
  /** Entries that the spool still had when all was delivered, after a disk had failed. */
  readonly leftCount?: number;
}

/** At most this many frames during one fault. */
const leadFrames = 12;
/** Deadline for the agent to declare one more frame. */
const progressDeadlineMs = 60_000;

/** @throws when the programs do not start, the agent declares no more frames, or `signal` aborts */
export async function runFaults(settings: RunSettings): Promise<Outcome> {
  const stage = await Stage.open(settings);
  const over = new AbortController();
  try {
    await settings.witness?.start(stage.capturesPath);
    const paced = { frames: 0 };
    const shooting = shoot(stage, paced, settings.frameEveryMs, over.signal);
    for (const fault of settings.plan) {
      if (stage.crashes.length > 0) break;
      paced.frames = Math.min(settings.frames, fault.afterFrames + leadFrames);
      await progress(stage, fault.afterFrames, settings.signal);
      await delay(fault.pauseMs);
      settings.onFault?.(fault, stage.declaredCount);
      await stage.suffer(fault);
      if (isDiskFault(fault.kind)) await takeUp(stage, paced, settings.signal);
    }
    paced.frames = settings.frames;
    await progress(stage, settings.frames, settings.signal);
    over.abort();
    await shooting;
    stage.stepClock(0);
    const ended = await (settings.plan.some(({ kind }) => isDiskFault(kind))
      ? settleByRestart(stage, settings)
      : settleAndStop(stage, settings));
    const unwitnessed = (await settings.witness?.finish()) ?? [];
    const outcome = { ...ended, violations: [...ended.violations, ...unwitnessed] };
    if (outcome.violations.length > 0) stage.keepDisks();
    return outcome;
  } finally {
    over.abort();
    await settings.witness?.close();
    await stage.close();
  }
}

/** Frames refused by the disk wait in memory until the next frame: a kill would lose them. */
async function takeUp(stage: Stage, paced: { frames: number }, signal?: AbortSignal) {
  const frames = stage.declaredCount + 2;
  paced.frames = Math.max(paced.frames, frames + 1);
  await progress(stage, frames, signal);
}

async function settleAndStop(stage: Stage, settings: RunSettings): Promise<Outcome> {
  const isSettled = await settled(stage, () => stage.isSettled, settings);
  await stage.stop();
  return closeBooks(stage, isSettled, settings);
}

/**
 * After a disk failure everything is delivered without a restart. Entries that could not be removed stay in the
 * spool until the next start.
 */
async function settleByRestart(stage: Stage, settings: RunSettings): Promise<Outcome> {
  const isDelivered = await settled(stage, () => stage.isDelivered, settings);
  const undelivered = isDelivered ? [] : ['declared frames are not delivered without a restart'];
  const leftCount = stage.waitingCount;
  if (stage.crashes.length === 0) await stage.restart();
  const { violations, ...outcome } = await settleAndStop(stage, settings);
  const found = auditDiskFaults(stage.readSpool(), stage.camera.put, outcome.dropped);
  return { ...outcome, leftCount, violations: [...violations, ...undelivered, ...found] };
}

/** Puts no more frames than the plan has reached: else most frames would pass during the first faults. */
async function shoot(
  stage: Stage,
  wanted: { readonly frames: number },
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (stage.declaredCount + stage.certain < wanted.frames) stage.shoot();
    await delay(everyMs);
  }
}

async function progress(stage: Stage, frames: number, signal?: AbortSignal): Promise<void> {
  let seen = stage.declaredCount;
  let seenAtMs = performance.now();
  while (stage.declaredCount < frames && stage.crashes.length === 0) {
    signal?.throwIfAborted();
    if (stage.declaredCount > seen) {
      seen = stage.declaredCount;
      seenAtMs = performance.now();
    } else if (performance.now() - seenAtMs > progressDeadlineMs) {
      throw new Error(
        `the agent has declared ${seen} frames and no more, ${frames} are awaited; ` +
          `${stage.outstanding} of ${stage.camera.putCount} put are outstanding`,
      );
    }
    await delay(10);
  }
}

/** True when the condition holds twice in a row. False after the deadline, or when a program has crashed. */
async function settled(
  stage: Stage,
  look: () => boolean,
  { settleDeadlineMs, signal }: RunSettings,
): Promise<boolean> {
  const startMs = performance.now();
  for (let quietLooks = 0; quietLooks < 10; quietLooks += 1) {
    signal?.throwIfAborted();
    if (!look()) quietLooks = -1;
    if (performance.now() - startMs > settleDeadlineMs || stage.crashes.length > 0) return false;
    await delay(50);
  }
  return true;
}

function closeBooks(stage: Stage, isSettled: boolean, settings: RunSettings): Outcome {
  const { isSecure, isMixed = false } = settings;
  const captures = stage.readCaptures();
  const spool = stage.readSpool();
  const { declared, kills, crashes, overheard } = stage;
  const acknowledged = stage.acknowledged(captures);
  const { put } = stage.camera;
  const diskFaults = settings.plan.filter(({ kind }) => kind === 'errno-receiver').length;
  const books = { put, declared, acknowledged, captures, spool, overheard, kills, diskFaults };
  const violations = audit({ ...books, mayOmitSequences: isMixed });
  violations.push(...crashes);
  const unasked = spool.rejected.length - stage.refusedCount;
  if (unasked > 0) violations.push(`${unasked} frames set aside that no receiver refused for good`);
  const damaged = [...captures.gaps, ...spool.gaps].filter(({ why }) => why === 'damaged').length;
  if (damaged > 0) violations.push(`${damaged} notes of damaged frames, and nothing damages any`);
  if (isSecure && stage.clearCount > 0) {
    violations.push(`${stage.clearCount} connections of a paired agent in the clear`);
  }
  if (!isSettled) violations.push('the pair did not settle: frames still wait for the receiver');
  return {
    violations,
    put: stage.camera.putCount,
    declared: stage.declaredCount,
    stored: captures.stored.length,
    waiting: spool.waiting.length,
    rejected: spool.rejected.length,
    dropped: captures.gaps.reduce((sum, { count }) => sum + count, 0),
    acknowledged: acknowledged.size,
    unfinished: captures.unfinished.length,
  };
}
