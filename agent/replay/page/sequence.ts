/** The frames of one sequence, by their numbers, and which of them are near each other. Pure. */
import { type FrameFacts, isNearMiss } from '../../detect/frame-facts.js';
import type { PageGrid, PagePicture, PageSequence } from '../html/page-data.js';

/** How a frame is coloured. */
export type Look = 'change' | 'near' | 'quiet' | 'skipped';

export class Sequence {
  readonly data: PageSequence;
  readonly count: number;
  readonly looks: readonly Look[];

  constructor(data: PageSequence) {
    this.data = data;
    this.count = data.frames.name.length;
    this.looks = data.frames.rule.map((_, frame) => this.#lookOf(frame));
  }

  /** Undefined: the frame was skipped. */
  factsOf(frame: number): FrameFacts | undefined {
    const { frames } = this.data;
    const rule = frames.rule[frame];
    if (rule === undefined || rule === 'skipped') return undefined;
    return {
      rule,
      strength: frames.strength[frame] ?? 0,
      area: frames.area[frame] ?? 0,
      neededArea: frames.neededArea[frame] ?? 0,
      isTracked: frames.isTracked[frame] === 1,
      foreground: frames.foreground[frame] ?? 0,
      lit: frames.lit[frame] ?? 0,
      isGusty: frames.isGusty[frame] === 1,
      nearness: frames.nearness[frame] ?? 0,
    };
  }

  isSent(frame: number): boolean {
    return (this.data.frames.reason[frame] ?? '') !== '';
  }

  gridOf(frame: number): PageGrid | undefined {
    return this.data.grids[this.data.frames.grid[frame] ?? 0];
  }

  /** The picture of a frame, else the nearest one of the same size; undefined: there is none. */
  pictureFor(frame: number): PagePicture | undefined {
    const grid = this.data.frames.grid[frame];
    let nearest: PagePicture | undefined;
    let distance = Infinity;
    for (const picture of this.data.pictures) {
      const away = Math.abs(picture.frame - frame);
      if (away >= distance || this.data.frames.grid[picture.frame] !== grid) continue;
      nearest = picture;
      distance = away;
    }
    return nearest;
  }

  /** `08:30:15.2`, with the date where it is known; or the time since the first frame. */
  timeOf(frame: number): string {
    const ms = this.data.frames.capturedAtMs[frame] ?? 0;
    if (this.data.isWallTime) return new Date(ms).toISOString().slice(0, 21).replace('T', ' ');
    const tenths = Math.floor(ms / 100);
    const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
    const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
    return `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
  }

  /** The next frame in a direction that has a look; at the first frame of each run. Undefined: there is none. */
  next(frame: number, direction: 1 | -1, look: Look): number | undefined {
    const isStart = (at: number) => this.looks[at] === look && this.looks[at - 1] !== look;
    for (let at = frame + direction; at >= 0 && at < this.count; at += direction) {
      if (isStart(at)) return at;
    }
    return undefined;
  }

  /** The frame that a reader wants to see first. */
  get firstOfNote(): number {
    const change = this.looks.indexOf('change');
    const near = this.looks.indexOf('near');
    return change >= 0 ? change : Math.max(0, near);
  }

  #lookOf(frame: number): Look {
    const facts = this.factsOf(frame);
    if (facts === undefined) return 'skipped';
    if (['change', 'scene', 'turned'].includes(facts.rule)) return 'change';
    return isNearMiss(facts) ? 'near' : 'quiet';
  }
}
