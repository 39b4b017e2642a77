/** What a plan has chosen: the first frames are listed, all are counted. Pure. */

export type Why = 'max-age' | 'max-size' | 'min-free';

export interface PlanFrame {
  readonly name: string;
  /** When it was captured; when it arrived, for a camera without a clock. */
  readonly atMs: number;
  readonly byteCount: number;
  /** In whole blocks. */
  readonly diskBytes: number;
  readonly event: string | undefined;
}

export interface PlanDay {
  readonly camera: string;
  /** Relative to the captures directory. */
  readonly path: string;
  /** Days of cameras without a clock are a line of their own: their times are of another kind. */
  readonly isUnclocked: boolean;
  /** None of its frames is older. */
  readonly earliestMs: number;
}

export interface PlannedFrame extends PlanFrame {
  readonly why: Why | 'erased';
}

/** What goes of one day. */
export interface DayPart {
  readonly day: PlanDay;
  /** Oldest first; fewer than `counts` say when the plan is cut. */
  readonly frames: PlannedFrame[];
  readonly counts: Map<Why, Count>;
}

export interface Count {
  frames: number;
  byteCount: number;
  fromMs: number;
  toMs: number;
}

export class Chosen {
  readonly #parts = new Map<string, DayPart>();
  readonly #maxFrames: number;
  frameCount = 0;
  diskBytes = 0;

  constructor(maxFrames: number) {
    this.#maxFrames = maxFrames;
  }

  get parts(): DayPart[] {
    return [...this.#parts.values()];
  }

  add(day: PlanDay, frames: readonly PlanFrame[], why: Why): void {
    const part = this.#parts.get(day.path) ?? { day, frames: [], counts: new Map<Why, Count>() };
    this.#parts.set(day.path, part);
    const count = part.counts.get(why) ?? emptyCount();
    part.counts.set(why, count);
    for (const frame of frames) {
      if (this.frameCount < this.#maxFrames) part.frames.push(planned(frame, why));
      this.frameCount += 1;
      this.diskBytes += frame.diskBytes;
      count.frames += 1;
      count.byteCount += frame.byteCount;
      count.fromMs = Math.min(count.fromMs, frame.atMs);
      count.toMs = Math.max(count.toMs, frame.atMs);
    }
  }
}

/** Key by key: of a copy by spread, V8 keeps a description of each single object, 250 bytes. */
function planned({ name, atMs, byteCount, diskBytes, event }: PlanFrame, why: Why): PlannedFrame {
  return { name, atMs, byteCount, diskBytes, event, why };
}

const emptyCount = (): Count => ({ frames: 0, byteCount: 0, fromMs: Infinity, toMs: -Infinity });
