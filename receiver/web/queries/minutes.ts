/** Frames in each minute of a day. Pure. */

const minuteMs = 60_000;
/** A day has 23 to 25 hours; a camera that travels, or whose clock is set, has more. */
const maxMinutes = 3 * 24 * 60;

export class Minutes {
  /** The first minute, in minutes since 1970 UTC. */
  readonly start: number;
  readonly counts: Uint32Array;
  /** Frames with a change. */
  readonly changed: Uint32Array;
  /** The greatest strength; 0: none is known. */
  readonly strengths: Float32Array;

  /** @param span captures of the first and the last frame */
  constructor(span: { readonly fromMs: number; readonly toMs: number } | undefined) {
    this.start = Math.floor((span?.fromMs ?? 0) / minuteMs);
    const last = Math.floor((span?.toMs ?? -minuteMs) / minuteMs);
    const length = Math.min(Math.max(last - this.start + 1, 0), maxMinutes);
    this.counts = new Uint32Array(length);
    this.changed = new Uint32Array(length);
    this.strengths = new Float32Array(length);
  }

  /** @param strength NaN: it is not known */
  add(atMs: number, isChanged: boolean, strength: number): void {
    const minute = Math.min(Math.floor(atMs / minuteMs) - this.start, this.counts.length - 1);
    this.counts[minute] = (this.counts[minute] ?? 0) + 1;
    if (isChanged) this.changed[minute] = (this.changed[minute] ?? 0) + 1;
    if (strength > (this.strengths[minute] ?? 0)) this.strengths[minute] = strength;
  }
}
