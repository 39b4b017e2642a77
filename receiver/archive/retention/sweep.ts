/**
 * A sweep: deletes what the limits demand, one process at a time. It plans, deletes, and plans again while more than one
 * plan takes is to be deleted.
 */
import { OperationalError } from '../../../shared/cli/errors.js';
import { recordName } from '../../store/day-record.js';
import { Folder } from '../../store/folder.js';
import type { Deletion } from './delete-frames.js';
import { type DayFrames, earliestOf, loadDay, sumOf } from './day-frames.js';
import { type DayPath, dayPathOf, noTotal } from './day-total.js';
import { needsOf } from './limits.js';
import type { DayPart, PlanDay } from './chosen-frames.js';
import { type SweepPlan, planSweep } from './plan.js';
import { withinAll } from './store-totals.js';
import { reduceDays } from './reduce-days.js';
import type { SweepParts } from './sweep-parts.js';
import type { SweepHold } from './swept-store.js';

export interface SweepWish {
  /** How long to wait for another process that sweeps. */
  readonly waitS: number;
  /** By camera: bytes that are about to be stored. */
  readonly comingBytes?: ReadonlyMap<string, number>;
  /** Also deletes when a limit is nearly reached. */
  readonly isEarly?: boolean;
  /** Asked before each day: the sweep then ends early. */
  readonly isStopped?: () => boolean;
  /** Asked before the first deletion. */
  readonly mayDelete: (plan: SweepPlan, storeFrames: number) => boolean | Promise<boolean>;
}

export interface SweepResult {
  /** `held`: another process sweeps. `refused`: `mayDelete` said so. */
  readonly outcome: 'done' | 'held' | 'refused';
  readonly frames: number;
  readonly byteCount: number;
  /** The last one. */
  readonly plan: SweepPlan | undefined;
  /** What was left though it is in the record, as sentences. */
  readonly left: readonly string[];
}

/** Frames that one plan lists: some 30 MB of memory. */
const maxPlanned = 100_000;
const dayMs = 86_400_000;

/** @throws a system error; {OperationalError} STORE */
export async function sweep(parts: SweepParts, wish: SweepWish): Promise<SweepResult> {
  return await inRoot(parts, async (root) => {
    const lock = await parts.swept.hold(root, wish.waitS);
    if (lock === undefined) {
      return { outcome: 'held', frames: 0, byteCount: 0, plan: undefined, left: [] };
    }
    try {
      return await new Sweep(parts, root, lock).run(wish);
    } finally {
      await lock.release();
    }
  });
}

/** What a sweep would delete. @throws as `sweep` */
export async function dryRun(
  parts: SweepParts,
): Promise<Pick<SweepResult, 'left'> & { plan: SweepPlan }> {
  return await inRoot(parts, async (root) => {
    const planner = new Planner(parts, root);
    return { plan: await planner.plan({ isEarly: false }), left: planner.left };
  });
}

async function inRoot<T>(
  { directory, checkRoot }: SweepParts,
  act: (root: Folder) => Promise<T>,
): Promise<T> {
  const root = await Folder.open(directory);
  try {
    await checkRoot(root);
    return await act(root);
  } finally {
    await root.close();
  }
}

/** Plans with the records as they are now. */
class Planner {
  readonly #parts: SweepParts;
  readonly #root: Folder;
  readonly #left = new Set<string>();
  /** Days of the current plan. */
  readonly loaded = new Map<string, DayFrames>();

  constructor(parts: SweepParts, root: Folder) {
    this.#parts = parts;
    this.#root = root;
  }

  get left(): readonly string[] {
    return [...this.#left];
  }

  async plan({ comingBytes, isEarly }: Partial<SweepWish>): Promise<SweepPlan> {
    const { totals, limits, nowMs, disk, swept } = this.#parts;
    await swept.refresh();
    await totals.refresh(this.#root);
    this.loaded.clear();
    const cameraBytes = new Map(totals.cameraBytes);
    let { totalBytes } = totals;
    for (const [camera, bytes] of comingBytes ?? []) {
      cameraBytes.set(camera, (cameraBytes.get(camera) ?? 0) + bytes);
      totalBytes += bytes;
    }
    const space = limits.minFree === undefined ? undefined : disk();
    const state = { nowMs: nowMs(), cameraBytes, totalBytes, disk: space };
    const planning = planSweep(this.#days(), needsOf(limits, state, isEarly), maxPlanned);
    let step = planning.next();
    while (step.done !== true)
      step = planning.next((await this.load(step.value.path))?.frames ?? []);
    return step.value;
  }

  /** @returns undefined: there is no such day */
  async load(path: string): Promise<DayFrames | undefined> {
    const { totals, swept } = this.#parts;
    const day = dayPathOf(path);
    // What is kept must be known to the last line.
    for (const each of [...this.#dayBefore(day), path]) {
      if (await swept.refreshDay(each)) await totals.refreshDay(this.#root, each);
    }
    const loaded = await withinAll(this.#root, path.split('/'), (folder) =>
      loadDay(folder, day, this.#keptBefore(day), (...place) => swept.look(...place)),
    );
    if (loaded === undefined) return undefined;
    const { otherBytes } = totals.days.get(path) ?? noTotal;
    totals.set(path, { ...loaded.total, otherBytes });
    this.#note(path, loaded);
    const known = [...this.loaded.values()].reduce((sum, { frames }) => sum + frames.length, 0);
    if (known <= maxPlanned) this.loaded.set(path, loaded);
    return loaded;
  }

  #days(): PlanDay[] {
    return [...this.#parts.totals.days].flatMap(([path, { earliestMs, frames, doneByte }]) => {
      if (frames === 0 || doneByte !== undefined) return [];
      const { camera, isUnclocked } = dayPathOf(path);
      return [{ path, camera, isUnclocked, earliestMs }];
    });
  }

  #keptBefore(day: DayPath): readonly string[] {
    const [before] = this.#dayBefore(day);
    return (before !== undefined && this.#parts.totals.days.get(before)?.keptEvents) || [];
  }

  /** Its path, if there is one. */
  #dayBefore({ camera, isUnclocked, localMs }: DayPath): readonly string[] {
    for (const path of this.#parts.totals.days.keys()) {
      const other = dayPathOf(path);
      const isBefore = other.localMs === localMs - dayMs && other.isUnclocked === isUnclocked;
      if (isBefore && other.camera === camera) return [path];
    }
    return [];
  }

  #note(path: string, { foreign, missing }: DayFrames): void {
    for (const { name, found } of foreign) this.#left.add(`${path}/${name} is ${found}: it stays`);
    if (missing > 0) this.#left.add(`${path}: ${missing} frames of its record have no file`);
  }
}

class Sweep {
  readonly #parts: SweepParts;
  readonly #root: Folder;
  readonly #lock: SweepHold;
  readonly #planner: Planner;
  #frames = 0;
  #byteCount = 0;

  constructor(parts: SweepParts, root: Folder, lock: SweepHold) {
    this.#parts = parts;
    this.#root = root;
    this.#lock = lock;
    this.#planner = new Planner(parts, root);
  }

  async run(wish: SweepWish): Promise<SweepResult> {
    await this.#finish();
    let isFirst = true;
    for (;;) {
      const plan = await this.#planner.plan(wish);
      if (isFirst && plan.frameCount > 0) {
        if (!(await wish.mayDelete(plan, this.#parts.totals.frames))) {
          return this.#result('refused', plan);
        }
      }
      isFirst = false;
      const before = this.#frames;
      for (const part of plan.parts) {
        if (wish.isStopped?.() === true) break;
        if (part.frames.length > 0) await this.#delete(part);
      }
      await this.#lock.end();
      if (!plan.isWhole && this.#frames > before) continue;
      await reduceDays(this.#parts, this.#root, plan);
      const { swept, totals, nowMs } = this.#parts;
      const days = [...totals.days].map(([path, { entries, recordBytes }]) => {
        return { ...dayPathOf(path), entries, recordBytes };
      });
      await swept.tidy(days, nowMs());
      return this.#result('done', plan);
    }
  }

  #result(outcome: 'done' | 'refused', plan: SweepPlan): SweepResult {
    const [frames, byteCount] = [this.#frames, this.#byteCount];
    return { outcome, frames, byteCount, plan, left: this.#planner.left };
  }

  /** Finishes the day of a sweep that was killed. */
  async #finish(): Promise<void> {
    const path = await this.#lock.unfinishedDay();
    if (path === undefined) return;
    const loaded = await this.#planner.load(path);
    const { unfinished = [] } = loaded ?? {};
    if (unfinished.length > 0) {
      await this.#inDay(path, (folder) =>
        this.#parts.swept.finishDeletion(folder, path, unfinished),
      );
    }
    await this.#lock.end();
  }

  async #delete({ day, frames }: DayPart): Promise<void> {
    await this.#lock.begin(day.path);
    const loaded = this.#planner.loaded.get(day.path);
    await this.#inDay(day.path, async (folder) => {
      const { swept, nowMs } = this.#parts;
      const deletion = await swept.deleteFrames(folder, day, frames, nowMs());
      this.#frames += deletion.frames.length;
      this.#byteCount += sumOf(deletion.frames, 'byteCount');
      if (loaded !== undefined) this.#count(folder, day.path, loaded, deletion);
    });
    await this.#parts.totals.refreshDay(this.#root, day.path);
  }

  /** The exact total, instead of one in proportion, when no other process has appended meanwhile. */
  #count(folder: Folder, path: string, loaded: DayFrames, deletion: Deletion): void {
    const { total, frames } = loaded;
    const { frames: gone, recordBytes } = deletion;
    const endByte = total.recordBytes + recordBytes;
    const record = folder.lstat(recordName);
    const isAlone = Number(record?.size) === endByte && Number(record?.ino) === total.inode;
    if (!isAlone || total.endByte !== total.recordBytes) return;
    const names = new Set(gone.map(({ name }) => name));
    const rest = frames.filter(({ name }) => !names.has(name));
    this.#parts.totals.set(path, {
      ...total,
      ...{ endByte, recordBytes: endByte, frames: total.frames - gone.length },
      otherBytes: this.#parts.totals.days.get(path)?.otherBytes ?? 0,
      byteCount: total.byteCount - sumOf(gone, 'byteCount'),
      diskBytes: total.diskBytes - sumOf(gone, 'diskBytes'),
      ...{ earliestMs: earliestOf(rest), hasDeleted: true },
      doneByte: rest.length === 0 ? endByte : undefined,
    });
  }

  /** @throws {OperationalError} STORE: the folder was removed meanwhile */
  async #inDay(path: string, act: (folder: Folder) => Promise<void>): Promise<void> {
    const done = await withinAll(this.#root, path.split('/'), async (folder) => {
      await act(folder);
      return true;
    });
    if (done === true) return;
    throw new OperationalError('STORE', `${this.#root.path}/${path} was removed during a sweep`);
  }
}
