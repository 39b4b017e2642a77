/**
 * Decides when a file that another program writes can be read, from the results and times of checks. Pure.
 *
 * A file is stable when two checks, `stabilityThresholdMs` apart, find the same version. A file that is rewritten more
 * often would never be stable: a check that finds a change halves the time to the next check, a check that finds none
 * doubles it again. A version that passes such a short interval is still read between two equal checks and must be a
 * complete JPEG.
 */

/** Longer than the pauses between the writes of one file, as a slow upload has them. */
export const stabilityThresholdMs = 150;
const minCheckMs = 5;
/** Most files are complete by then, so that the first check finds the final version. */
const firstCheckMs = 20;
/** Maximum time between two checks of a file without a reported change. */
const maxCheckMs = 10_000;

export class WriteStability {
  #intervalMs = stabilityThresholdMs;
  /** Null before the first check, undefined when no file existed. */
  #version: string | null | undefined = null;
  #sameSinceMs: number;
  #changedAtMs: number;
  #dueAtMs: number;

  /** All times are monotonic. */
  constructor(nowMs: number) {
    this.#sameSinceMs = nowMs;
    this.#changedAtMs = nowMs;
    this.#dueAtMs = nowMs + firstCheckMs;
  }

  /** Time of the next check. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** The watcher reported a change of the file. */
  changed(nowMs: number): void {
    this.#changedAtMs = nowMs;
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + stabilityThresholdMs);
  }

  /** Takes the result of a check, undefined for no file. @returns true when it equals the previous result */
  checked(version: string | undefined, nowMs: number): boolean {
    const isSame = version === this.#version;
    if (isSame) this.#intervalMs = Math.min(this.#intervalMs * 2, stabilityThresholdMs);
    else {
      if (this.#version !== null) this.#intervalMs = Math.max(this.#intervalMs / 2, minCheckMs);
      this.#version = version;
      this.#sameSinceMs = nowMs;
    }
    this.#dueAtMs = nowMs + this.#intervalMs;
    return isSame;
  }

  /**
   * The stable version is not a complete JPEG: its writer pauses; or nothing is known of the file. The longer that
   * lasts, the longer the time between checks; `changed` shortens it.
   */
  incomplete(nowMs: number): void {
    const pauseMs = Math.min(this.stableForMs(nowMs) / 2, maxCheckMs);
    this.#dueAtMs = nowMs + Math.max(this.#intervalMs, pauseMs);
  }

  /** Time since the version last changed. */
  stableForMs(nowMs: number): number {
    return nowMs - this.#sameSinceMs;
  }

  /** True when no change was reported for a while. */
  isQuiet(nowMs: number): boolean {
    return nowMs - this.#changedAtMs >= stabilityThresholdMs;
  }
}
