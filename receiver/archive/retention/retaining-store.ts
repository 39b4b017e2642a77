/**
 * A store within limits: frames are stored when there is room, after a sweep where there is none. Bytes are counted in
 * memory; what other processes store is read from the newest records once a second. Gaps and reports are always
 * recorded: without them a camera's sequences have holes.
 */
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { CoalescedTask } from '../../store/coalesced-task.js';
import { Folder } from '../../store/folder.js';
import { ForwardingStore } from '../../store/forwarding-store.js';
import type { FrameStore, FrameToStore, StoredFrame } from '../../store/store-port.js';
import { inBlocks } from './day-total.js';
import { type StoreState, isSizeNeeded, limitsText, needsOf } from './limits.js';
import { shortLines } from './plan-text.js';
import type { SweepPlan } from './plan.js';
import { type SweepReport, reportSweep } from './sweep-report.js';
import { type SweepResult, sweep } from './sweep.js';
import type { SweepParts } from './sweep-parts.js';
import { forgetWait, isMuch, waitFor } from './caution.js';

export interface RetainingParts extends SweepParts, SweepReport {
  readonly store: FrameStore;
  readonly clock: Clock;
}

/** How long the counts of what other processes store may be old. */
const refreshEveryMs = 1000;
/** Old frames are searched, and all records looked at, so often. */
export const sweepEveryMs = 10 * 60_000;
/** After a sweep that found too little to delete. */
const futileWaitMs = 5000;
/** A frame waits so long for a sweep of another process. */
const otherSweepWaitS = 20;
/** Of a frame's line in the record. */
const lineBytes = 1024;

/** A process ends within 5 s of SIGTERM. */
const closeWaitMs = 2000;

/** Sweeps for one frame, while others take the room that they make. */
const maxSweeps = 5;

interface Coming {
  readonly camera: string;
  readonly bytes: number;
  /** Undefined: it is being stored. */
  storedAt?: number;
}

export class RetainingStore extends ForwardingStore {
  readonly #parts: RetainingParts;
  /** Frames that the totals do not have yet. */
  readonly #coming = new Set<Coming>();
  /** Days that this process has stored in. */
  #ownDays = new Set<string>();
  #steps = 0;
  #refreshedAtMs = -Infinity;
  readonly #refreshes = new CoalescedTask(() => this.#refresh());
  readonly #sweeps = new CoalescedTask(() => this.#sweep());
  /** More than half of the store is to be deleted: size limits wait. */
  #isWaiting = false;
  /** A store that grows above its size is no mistake. */
  #wasWithinSize = false;
  #futileAtMs = -Infinity;
  /** The last sweep found too little to delete. */
  #isShort = false;
  #timer: NodeJS.Timeout | undefined;
  #background: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: RetainingParts) {
    super(parts.store);
    this.#parts = parts;
  }

  /** Begins the regular sweeps. @param isDue also sweeps now */
  start(isDue: boolean): void {
    if (isDue) this.#sweepInBackground();
    this.#timer = setInterval(() => this.#sweepInBackground(), sweepEveryMs).unref();
  }

  override async put(frame: FrameToStore): Promise<StoredFrame> {
    const { camera } = frame;
    const coming: Coming = { camera, bytes: inBlocks(frame.jpeg.length) + lineBytes };
    await this.#makeRoom(coming);
    try {
      const stored = await super.put(frame);
      this.#ownDays.add(stored.name.slice(0, stored.name.lastIndexOf('/')));
      if (stored.duplicate) this.#coming.delete(coming);
      else coming.storedAt = this.#steps;
      return stored;
    } catch (error) {
      this.#coming.delete(coming);
      throw error;
    }
  }

  override async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosed = true;
    // The process may end in the middle of a sweep: the next one finishes it.
    await this.#parts.clock.sleep(closeWaitMs, endOf(this.#background));
    await super.close();
  }

  /** Counts the frame as coming. @throws {OperationalError} STORE: no room, and nothing is left to delete */
  async #makeRoom(coming: Coming): Promise<void> {
    const { clock } = this.#parts;
    if (clock.monotonicMs() - this.#refreshedAtMs >= refreshEveryMs) await this.#refreshes.join();
    if (this.#fits(coming)) {
      this.#wasWithinSize ||= !this.#isWaiting;
      if (!this.#fits(coming, true)) this.#sweepInBackground();
      this.#coming.add(coming);
      return;
    }
    if (clock.monotonicMs() - this.#futileAtMs >= futileWaitMs) {
      if (await this.#sweepFor(coming)) return;
      this.#futileAtMs = clock.monotonicMs();
    }
    throw this.#noRoom(coming);
  }

  /** Sweeps until the frame fits, or nothing more is deleted. @returns whether it fits */
  async #sweepFor(coming: Coming): Promise<boolean> {
    this.#coming.add(coming); // the sweep makes room for it
    try {
      for (let attempt = 1; ; attempt += 1) {
        await this.#sweeps.join();
        this.#coming.delete(coming);
        const doesFit = this.#fits(coming);
        if (!doesFit && (this.#isShort || this.#isWaiting || attempt === maxSweeps)) return false;
        // Where it does not fit, frames that came later were stored before it.
        this.#coming.add(coming);
        if (doesFit) return true;
      }
    } catch (error) {
      this.#coming.delete(coming);
      throw error;
    }
  }

  #fits(coming: Coming, isEarly = false): boolean {
    const needs = needsOf(this.#parts.limits, this.#state(coming), isEarly);
    if (!this.#isWaiting) return !isSizeNeeded(needs);
    return needs.ofDisk.bytes === 0;
  }

  #state(coming: Coming): StoreState {
    const { totals, limits, disk, nowMs } = this.#parts;
    const cameraBytes = new Map(totals.cameraBytes);
    let { totalBytes } = totals;
    for (const { camera, bytes } of [...this.#coming, coming]) {
      cameraBytes.set(camera, (cameraBytes.get(camera) ?? 0) + bytes);
      totalBytes += bytes;
    }
    const space = limits.minFree === undefined ? undefined : disk();
    const freeBytes = (space?.freeBytes ?? 0) - coming.bytes;
    return { nowMs: nowMs(), cameraBytes, totalBytes, disk: space && { ...space, freeBytes } };
  }

  #noRoom({ camera }: Coming): OperationalError {
    const { directory, limits } = this.#parts;
    const why = this.#isWaiting
      ? 'a sweep of more than half of the frames waits'
      : 'nothing is left to delete';
    return new OperationalError(
      'STORE',
      `no room for a frame of ${camera} in ${directory} within ${limitsText(limits)}: ${why}`,
      {
        hint: this.#isWaiting
          ? 'receiver prune --yes deletes them now'
          : 'make room on the disk, raise the limit, or receiver unkeep what is kept',
      },
    );
  }

  async #refresh(): Promise<void> {
    const { totals } = this.#parts;
    this.#steps += 1;
    const step = this.#steps;
    const days = this.#ownDays;
    this.#ownDays = new Set();
    try {
      await this.#inRoot((root) => totals.refreshActive(root, days));
    } catch (error) {
      for (const day of days) this.#ownDays.add(day);
      throw error;
    }
    this.#forgetCounted(step);
    this.#refreshedAtMs = this.#parts.clock.monotonicMs();
  }

  /** The lines of frames that were stored before the step began are counted. */
  #forgetCounted(step: number): void {
    for (const coming of this.#coming) {
      if (coming.storedAt !== undefined && coming.storedAt < step) this.#coming.delete(coming);
    }
  }

  #sweepInBackground(): void {
    this.#background = this.#sweeps.join().catch((error: unknown) => this.#parts.onFailure(error));
  }

  async #sweep(): Promise<void> {
    const parts = this.#parts;
    this.#steps += 1;
    const step = this.#steps;
    const comingBytes = new Map<string, number>();
    for (const { camera, bytes, storedAt } of this.#coming) {
      // The sweep counts what is stored.
      if (storedAt !== undefined) continue;
      comingBytes.set(camera, (comingBytes.get(camera) ?? 0) + bytes);
    }
    let isAsked = false;
    const result = await sweep(parts, {
      ...{ waitS: otherSweepWaitS, comingBytes, isEarly: true },
      isStopped: () => this.#isClosed,
      mayDelete: async (plan, storeFrames) => {
        if (!isMuch(this.#surprising(plan), storeFrames)) return true;
        isAsked = true;
        return await this.#mayDeleteMuch(plan.frameCount, storeFrames);
      },
    });
    if (result.outcome === 'held') {
      await this.#refreshes.join();
      return;
    }
    this.#isWaiting = result.outcome === 'refused';
    this.#isShort = result.plan !== undefined && shortLines(result.plan.shortBytes).length > 0;
    await this.#inRoot(async (root) => {
      if (!isAsked) forgetWait(root);
      await parts.totals.refresh(root);
      this.#forgetCounted(step);
      // A full disk does not take the cache, which is made anew.
      await parts.totals.save(root).catch((error: unknown) => this.#parts.onFailure(error));
    });
    this.#refreshedAtMs = parts.clock.monotonicMs();
    reportSweep(parts, result satisfies SweepResult);
  }

  /** Frames that may go by mistake: growth above a size that the store was within is none. */
  #surprising({ parts, frameCount }: SweepPlan): number {
    if (!this.#wasWithinSize) return frameCount;
    return parts.reduce((sum, { counts }) => {
      const [old, free] = [counts.get('max-age')?.frames ?? 0, counts.get('min-free')?.frames ?? 0];
      return sum + old + free;
    }, 0);
  }

  async #mayDeleteMuch(frames: number, storeFrames: number): Promise<boolean> {
    const { limits, nowMs, onWaiting } = this.#parts;
    const endMs = await this.#inRoot((root) => waitFor(root, limitsText(limits), nowMs()));
    if (endMs === undefined) return true;
    onWaiting({ frames, storeFrames, limits: limitsText(limits), endMs });
    return false;
  }

  async #inRoot<T>(act: (root: Folder) => Promise<T>): Promise<T> {
    const root = await Folder.open(this.#parts.directory);
    try {
      await this.#parts.checkRoot(root);
      return await act(root);
    } finally {
      await root.close();
    }
  }
}

/** Aborts when a promise that never rejects has resolved. */
function endOf(work: Promise<void>): AbortSignal {
  const end = new AbortController();
  void work.then(() => end.abort());
  return end.signal;
}
