/**
 * The store of a running receiver with a bucket within limits: sweeps run beside it every ten minutes, by one of the
 * receivers at a time. What arrives between two sweeps may be above a limit of size.
 */
import type { Clock } from '../../../shared/clock.js';
import { ForwardingStore } from '../../store/forwarding-store.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import type { FrameStore } from '../../store/store-port.js';
import { limitsText } from '../retention/limits.js';
import { shortLines } from '../retention/plan-text.js';
import { sweepEveryMs } from '../retention/retaining-store.js';
import { cautiousSweep } from '../retention/scheduled-sweep.js';
import { type SweepReport, reportSweep } from '../retention/sweep-report.js';
import type { BucketSweep } from './open-bucket-sweep.js';
import { lastSweepOf } from './sweep-lease.js';

export interface SweptFrameStoreParts extends SweepReport {
  readonly store: FrameStore;
  readonly client: S3Client;
  readonly clock: Clock;
  readonly sweep: BucketSweep;
}

/** A process ends within 5 s of SIGTERM. */
const closeWaitMs = 2000;
/** Between two looks at a sweep of another process. */
const heldPauseMs = 30_000;
/** For the lease of a process that was killed: longer than one that is not renewed lasts. */
const takeOverWaitS = 45;

export class SweptFrameStore extends ForwardingStore {
  readonly #parts: SweptFrameStoreParts;
  readonly #timer: NodeJS.Timeout;
  /** Never rejects. */
  #sweeping: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** Begins the regular sweeps, the first one now. */
  constructor(parts: SweptFrameStoreParts) {
    super(parts.store);
    this.#parts = parts;
    this.#timer = setInterval(() => this.#begin(), sweepEveryMs).unref();
    this.#begin();
  }

  override async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#timer);
    const { clock, sweep } = this.#parts;
    await Promise.race([this.#sweeping, clock.sleep(closeWaitMs)]);
    await sweep.close();
    await super.close();
  }

  #begin(): void {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#parts.onFailure(error);
      })
      .finally(() => (this.#sweeping = undefined));
  }

  async #sweep(): Promise<void> {
    const { clock, sweep, onWaiting, onLeft } = this.#parts;
    const { parts } = sweep;
    const { signal } = this.#closing;
    const isStopped = (): boolean => signal.aborted;
    if (!(await this.#isDue())) return;
    let done = await cautiousSweep(parts, { waitS: 0, isStopped });
    if (done.outcome === 'held') {
      // Another receiver sweeps, or a process was killed: nothing but waiting for its lease tells.
      await clock.sleep(heldPauseMs, signal);
      if (isStopped() || !(await this.#isDue())) return;
      done = await cautiousSweep(parts, { waitS: takeOverWaitS, isStopped });
    }
    const { outcome, result, storeFrames, waitsUntilMs: endMs } = done;
    if (outcome === 'held') return;
    await sweep.save();
    reportSweep(this.#parts, result);
    const { plan } = result;
    for (const line of plan === undefined ? [] : shortLines(plan.shortBytes)) onLeft(line);
    if (endMs === undefined) return;
    const limits = limitsText(parts.limits);
    onWaiting({ frames: plan?.frameCount ?? 0, storeFrames, limits, endMs });
  }

  /** @returns false: another receiver has just swept */
  async #isDue(): Promise<boolean> {
    const { client, clock } = this.#parts;
    const lastMs = (await lastSweepOf(client)) ?? -Infinity;
    return Math.abs(clock.nowMs() - lastMs) >= sweepEveryMs / 2;
  }
}
