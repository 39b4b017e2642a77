/** What a day has of a stretch of time that is erased: by its record, and by the names of its frames. Pure. */
import { isDayName, parseFrameName } from '../../shared/protocol/frame-path.js';
import { type Erasure, isErased } from '../store/erasures.js';
import type { RecordLine } from './record-entry.js';
import { Keeps } from './retention/day-frames.js';
import { inBlocks } from './retention/day-total.js';
import type { PlannedFrame } from './retention/chosen-frames.js';

export interface Erased {
  readonly frames: number;
  readonly byteCount: number;
  readonly days: number;
  /** What could not be removed, as sentences. */
  readonly left: readonly string[];
}

/** What a stretch has now. */
export interface Stretch {
  readonly frames: number;
  readonly byteCount: number;
  readonly keptFrames: number;
  /** Of the camera's newest frame in or near the stretch. */
  readonly utcOffsetMinutes: number | undefined;
}

export interface DayFacts {
  readonly recorded: readonly PlannedFrame[];
  readonly keptFrames: number;
  /** Events that the day keeps. */
  readonly keptEvents: readonly string[];
  /** Of its last line of a frame. */
  readonly utcOffsetMinutes: number | undefined;
}

/** With what is there. */
export interface DayFrames extends DayFacts {
  /** Names that say that they are of the stretch, and that are not in the record. */
  readonly unrecorded: readonly string[];
}

/** A stretch before its first day. */
export const noDays: Stretch = {
  ...{ frames: 0, byteCount: 0, keptFrames: 0 },
  utcOffsetMinutes: undefined,
};

/** @param isThere whether a recorded frame has its file @returns the stretch with one more day */
export function withDay(
  stretch: Stretch,
  day: DayFrames,
  isThere: (name: string) => boolean,
): Stretch {
  const there = day.recorded.filter(({ name }) => isThere(name));
  return {
    frames: stretch.frames + there.length + day.unrecorded.length,
    byteCount: there.reduce((sum, frame) => sum + frame.byteCount, stretch.byteCount),
    keptFrames: stretch.keptFrames + day.keptFrames,
    utcOffsetMinutes: day.utcOffsetMinutes ?? stretch.utcOffsetMinutes,
  };
}

export class DayStretch {
  readonly #erasure: Erasure;
  readonly #recorded = new Map<string, PlannedFrame>();
  readonly #known = new Set<string>();
  readonly #keeps: Keeps;
  #utcOffsetMinutes: number | undefined;

  constructor(erasure: Erasure, keptBefore: readonly string[]) {
    this.#erasure = erasure;
    this.#keeps = new Keeps(keptBefore);
  }

  add(line: RecordLine): void {
    if (line.kind === 'kept' || line.kind === 'unkept') this.#keeps.add(line);
    if (line.kind !== 'frame') return;
    this.#known.add(line.name);
    this.#utcOffsetMinutes = line.utcOffsetMinutes;
    if (!isErased([this.#erasure], line)) return;
    const { name, byteCount, event, capturedAtMs: atMs } = line;
    const diskBytes = inBlocks(byteCount);
    // A copy by spread takes much more memory.
    this.#recorded.set(name, { name, atMs, byteCount, diskBytes, event, why: 'erased' });
  }

  /** Whether the name says that it is a frame of the stretch, and the record does not have it. */
  isUnrecorded(name: string): boolean {
    const moment = this.#known.has(name) ? undefined : parseFrameName(name);
    return moment !== undefined && isErased([this.#erasure], moment);
  }

  /** When all lines were added. */
  facts(): DayFacts {
    const recorded = [...this.#recorded.values()];
    return {
      recorded,
      keptFrames: recorded.filter((frame) => this.#keeps.has(frame)).length,
      keptEvents: this.#keeps.ownEvents,
      utcOffsetMinutes: this.#utcOffsetMinutes,
    };
  }
}

/** Whether a day may have frames of the stretch. @param path `yard/2026_11_22` */
export function mayHave({ fromLocalMs, toLocalMs }: Erasure, path: string): boolean {
  const [, name = ''] = path.split('/');
  if (!isDayName(name)) return true;
  // An event of the day before may last over midnight.
  return name >= dayName(fromLocalMs - dayMs) && name <= dayName(toLocalMs - 1);
}

const dayMs = 86_400_000;
/** `2026_11_22` */
const dayName = (localMs: number): string =>
  new Date(localMs).toISOString().slice(0, 10).replaceAll('-', '_');
