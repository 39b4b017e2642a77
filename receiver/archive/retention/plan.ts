/**
 * Which frames a sweep deletes: the oldest first, whole events where possible, never a kept one. Frames that are too
 * old go first, then those above the limit of a camera, then those above the limit of all and of the disk.
 *
 * The plan asks for the frames of a day when it needs them: of each camera the oldest day, then the next. Pure.
 */
import { Chosen, type DayPart, type PlanDay, type PlanFrame, type Why } from './chosen-frames.js';
import type { Need, Needs } from './limits.js';

export interface SweepPlan {
  /** In the order of deletion. */
  readonly parts: readonly DayPart[];
  readonly frameCount: number;
  readonly diskBytes: number;
  /** False: `parts` have the first `maxFrames` frames only. */
  readonly isWhole: boolean;
  /** Bytes that stay above a limit, since nothing is left to delete. */
  readonly shortBytes: {
    readonly ofCamera: ReadonlyMap<string, number>;
    ofAll: number;
    ofDisk: number;
  };
}

/** Asks for a day, and gets its frames that may be deleted, in any order. */
export type Planning<T> = Generator<PlanDay, T, readonly PlanFrame[]>;

/** An event that is longer goes in pieces. */
const maxGroupMs = 3_600_000;

/** @param maxFrames further ones are counted, not listed */
export function* planSweep(
  days: readonly PlanDay[],
  needs: Needs,
  maxFrames: number,
): Planning<SweepPlan> {
  const lanes = lanesOf(days);
  const open = new OpenNeeds(needs);
  const chosen = new Chosen(maxFrames);
  for (const lane of lanes) yield* takeOld(lane, needs, open, chosen);
  for (const camera of open.ofCamera.keys()) {
    const own = lanes.filter((lane) => lane.camera === camera);
    yield* takeMuch(own, () => open.needOfCamera(camera), open, chosen);
  }
  yield* takeMuch(lanes, () => open.needOfStore(), open, chosen);
  const { parts, frameCount, diskBytes } = chosen;
  return {
    ...{ parts, frameCount, diskBytes, isWhole: frameCount <= maxFrames },
    shortBytes: {
      ofCamera: new Map([...open.ofCamera].filter(([, bytes]) => bytes > 0)),
      ofAll: Math.max(0, open.ofAll),
      ofDisk: Math.max(0, open.ofDisk),
    },
  };
}

/** Takes the events that ended before the cutoff. */
function* takeOld(lane: Lane, needs: Needs, open: OpenNeeds, chosen: Chosen): Planning<void> {
  const cutoffMs = needs.cutoffMs(lane.camera);
  const searchBeforeMs = needs.searchBeforeMs(lane.camera);
  for (;;) {
    if (lane.isLoaded) {
      const { group } = lane;
      if ((group.at(-1)?.atMs ?? Infinity) >= cutoffMs) return;
      take(lane, group, 'max-age', open, chosen);
    } else if (lane.boundMs < searchBeforeMs) yield* lane.load();
    else return;
  }
}

interface Wanted extends Need {
  readonly why: Why;
}

/** Takes the oldest of several lanes until nothing more is needed, or nothing is left. */
function* takeMuch(
  lanes: readonly Lane[],
  wanted: () => Wanted,
  open: OpenNeeds,
  chosen: Chosen,
): Planning<void> {
  for (let need = wanted(); need.bytes > 0; need = wanted()) {
    const lane = oldest(lanes);
    if (lane === undefined) return;
    if (!lane.isLoaded) {
      yield* lane.load(); // its first frame may be younger than that of another lane
      continue;
    }
    const { group } = lane;
    const isTooMuch = diskBytesOf(group) > need.bytes + need.spareBytes;
    take(lane, isTooMuch ? firstOf(group, need.bytes) : group, need.why, open, chosen);
  }
}

function take(
  lane: Lane,
  group: readonly PlanFrame[],
  why: Why,
  open: OpenNeeds,
  chosen: Chosen,
): void {
  lane.skip(group.length);
  open.subtract(lane.camera, diskBytesOf(group));
  if (lane.day !== undefined) chosen.add(lane.day, group, why);
}

function oldest(lanes: readonly Lane[]): Lane | undefined {
  let found: Lane | undefined;
  for (const lane of lanes) if (lane.boundMs < (found?.boundMs ?? Infinity)) found = lane;
  return found;
}

/** The first frames that have so many bytes. */
function firstOf(group: readonly PlanFrame[], bytes: number): readonly PlanFrame[] {
  let sum = 0;
  const end = group.findIndex(({ diskBytes }) => (sum += diskBytes) >= bytes);
  return group.slice(0, end + 1);
}

const diskBytesOf = (frames: readonly PlanFrame[]): number =>
  frames.reduce((sum, { diskBytes }) => sum + diskBytes, 0);

/** The days of a camera with a clock, or without one, from the oldest on. */
class Lane {
  readonly camera: string;
  readonly #days: PlanDay[];
  #day: PlanDay | undefined;
  /** Of `#day`, oldest first. */
  #frames: readonly PlanFrame[] = [];
  #at = 0;

  constructor(camera: string, days: readonly PlanDay[]) {
    this.camera = camera;
    this.#days = [...days].sort((one, other) => one.earliestMs - other.earliestMs).reverse();
  }

  /** The day of the last group. */
  get day(): PlanDay | undefined {
    return this.#day;
  }

  get isLoaded(): boolean {
    return this.#at < this.#frames.length;
  }

  /** None of its frames is older; Infinity: it has none. */
  get boundMs(): number {
    return this.#frames[this.#at]?.atMs ?? this.#days.at(-1)?.earliestMs ?? Infinity;
  }

  /** The oldest frames that belong together; none while it is not loaded. */
  get group(): readonly PlanFrame[] {
    return groupAt(this.#frames, this.#at);
  }

  /** Loads the next day, which may have no frame that may be deleted. */
  *load(): Planning<void> {
    const day = this.#days.pop();
    if (day === undefined) return;
    this.#frames = [...(yield day)].sort(byAge);
    this.#at = 0;
    this.#day = day;
  }

  skip(count: number): void {
    this.#at += count;
  }
}

const byAge = (one: PlanFrame, other: PlanFrame): number =>
  one.atMs - other.atMs || (one.name < other.name ? -1 : 1);

/** A frame with those of its event that follow it. */
function groupAt(frames: readonly PlanFrame[], at: number): readonly PlanFrame[] {
  const [first] = frames.slice(at, at + 1);
  let end = at + 1;
  if (first?.event === undefined) return frames.slice(at, end);
  for (; end < frames.length; end += 1) {
    const frame = frames[end];
    if (frame?.event !== first.event || frame.atMs - first.atMs >= maxGroupMs) break;
  }
  return frames.slice(at, end);
}

function lanesOf(days: readonly PlanDay[]): Lane[] {
  const byLane = new Map<string, PlanDay[]>();
  for (const day of days) {
    const key = `${day.camera} ${day.isUnclocked}`;
    byLane.set(key, [...(byLane.get(key) ?? []), day]);
  }
  return [...byLane.values()].map((own) => new Lane(own[0]?.camera ?? '', own));
}

/** What is still needed. */
class OpenNeeds {
  readonly ofCamera: Map<string, number>;
  ofAll: number;
  ofDisk: number;
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
    this.ofCamera = new Map([...needs.ofCamera].map(([camera, { bytes }]) => [camera, bytes]));
    this.ofAll = needs.ofAll.bytes;
    this.ofDisk = needs.ofDisk.bytes;
  }

  needOfCamera(camera: string): Wanted {
    const bytes = this.ofCamera.get(camera) ?? 0;
    const { spareBytes = 0 } = this.#needs.ofCamera.get(camera) ?? {};
    return { bytes, spareBytes, why: 'max-size' };
  }

  needOfStore(): Wanted {
    const { ofAll, ofDisk } = this.#needs;
    return this.ofAll >= this.ofDisk
      ? { bytes: this.ofAll, spareBytes: ofAll.spareBytes, why: 'max-size' }
      : { bytes: this.ofDisk, spareBytes: ofDisk.spareBytes, why: 'min-free' };
  }

  subtract(camera: string, bytes: number): void {
    const own = this.ofCamera.get(camera);
    if (own !== undefined) this.ofCamera.set(camera, own - bytes);
    this.ofAll -= bytes;
    this.ofDisk -= bytes;
  }
}
