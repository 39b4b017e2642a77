/**
 * When a file that another program writes may be read: looks and times in, what to do out. Pure.
 *
 * A file counts when two looks, `stabilityThresholdMs` apart, find the same version. A file that is rewritten more often
 * than that would never count: a look that finds a change halves the distance to the next one, a look that
 * finds none doubles it again. What such hurried looks let through is still read whole between two equal
 * looks and checked to be a whole JPEG.
 */

/** Longer than the 50 ms in which chokidar swallows further changes of a file that it has just told. */
export const stabilityThresholdMs = 150;
const shortestGapMs = 5;
/** Most files have been written by then, so that the first look already finds what the second will. */
const firstLookMs = 20;

export class WriteStability {
  #gapMs = stabilityThresholdMs;
  /** Null before the first look, undefined where no file was. */
  #version: string | null | undefined = null;
  #sameSinceMs: number;
  #toldAtMs: number;
  #dueAtMs: number;

  /** All times are monotonic. */
  constructor(nowMs: number) {
    this.#sameSinceMs = nowMs;
    this.#toldAtMs = nowMs;
    this.#dueAtMs = nowMs + firstLookMs;
  }

  /** When to look next. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** The watcher says that something happened to the file. */
  changed(nowMs: number): void {
    this.#toldAtMs = nowMs;
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + stabilityThresholdMs);
  }

  /** Takes what a look found, undefined for no file. @returns true when it found the same as the look before */
  checked(version: string | undefined, nowMs: number): boolean {
    const isSame = version === this.#version;
    if (isSame) this.#gapMs = Math.min(this.#gapMs * 2, stabilityThresholdMs);
    else {
      if (this.#version !== null) this.#gapMs = Math.max(this.#gapMs / 2, shortestGapMs);
      this.#version = version;
      this.#sameSinceMs = nowMs;
    }
    this.#dueAtMs = nowMs + this.#gapMs;
    return isSame;
  }

  /**
   * The version that two looks agreed on was no whole JPEG: its writer pauses. The longer the pause, the
   * rarer the looks; `told` brings the next one forward.
   */
  notWhole(nowMs: number): void {
    this.#dueAtMs = nowMs + Math.max(this.#gapMs, this.stableForMs(nowMs) / 2);
  }

  /** For how long looks have found the same. */
  stableForMs(nowMs: number): number {
    return nowMs - this.#sameSinceMs;
  }

  /** True when no change can be on its way that the watcher has swallowed. */
  isQuiet(nowMs: number): boolean {
    return nowMs - this.#toldAtMs >= stabilityThresholdMs;
  }
}
