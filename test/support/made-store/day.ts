/**
 * Writes a made-up day of a camera into a captures directory, as a receiver would have: frames, record, gaps, reports.
 * Frames of the same picture are links to one file, so that a day of 100,000 frames takes seconds.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockedPath } from '../../../shared/protocol/frame-path.js';
import { frameLine, gapLine, reportLine } from '../../../receiver/store/record-line.js';
import type { Picture } from './clip.js';

export interface MadeFrame {
  readonly atMs: number;
  readonly picture: Picture;
  /** Undefined: it belongs to none. */
  readonly event?: string | undefined;
  readonly reason: 'change' | 'before' | 'after' | 'keep-every';
}

/** What was not watched, or is not known. */
export interface MadeHole {
  readonly fromMs: number;
  readonly toMs: number;
  /** `failing`: no camera; `off`: no agent; `lost`: no report arrived. */
  readonly kind: 'failing' | 'off' | 'lost';
}

export interface MadeDay {
  readonly camera: string;
  /** Midnight as if the camera's zone were UTC. */
  readonly localMs: number;
  readonly utcOffsetMinutes: number;
  /** Of the camera's spool; entries are numbered from `sequence` on. */
  readonly epoch: string;
  readonly sequence: number;
  readonly frames: readonly MadeFrame[];
  readonly holes: readonly MadeHole[];
  /** Reports say nothing after this moment; undefined: the end of the day. */
  readonly untilMs?: number | undefined;
}

const [minuteMs, dayMs] = [60_000, 86_400_000];
/** Fewer than ext4 allows for a file. */
const maxLinks = 50_000;

/** @returns the next sequence */
export function writeDay(directory: string, day: MadeDay): number {
  const { camera, localMs, utcOffsetMinutes, frames } = day;
  const folderOf = (atMs: number): string =>
    join(directory, clockedPath(camera, { capturedAtMs: atMs, utcOffsetMinutes }).folder);
  const fromMs = localMs - utcOffsetMinutes * minuteMs;
  const folder = folderOf(fromMs);
  mkdirSync(folder, { recursive: true });
  const links = new PictureLinks(folder);
  const lines: { readonly atMs: number; readonly make: (sequence: number) => string }[] = [];
  for (const { atMs, picture, event, reason } of frames) {
    const moment = { capturedAtMs: atMs, utcOffsetMinutes };
    const name = `${clockedPath('', moment).stem}.jpg`;
    links.add(picture, name);
    const { ratio = 0, boxes = [], strength = 0 } = picture.change ?? {};
    const changed = reason === 'change';
    const verdict = { reason, ratio, boxes, event, changed, strength };
    lines.push({
      atMs,
      make: (sequence) =>
        frameLine({
          ...{ camera, id: { epoch: day.epoch, sequence }, name, ...moment, verdict },
          ...{ byteCount: picture.jpeg.length, size: picture.size, sha256: picture.sha256 },
          receivedAtMs: atMs + 150,
        }),
    });
  }
  links.close();
  lines.push(...reportsOf(day, fromMs));
  lines.sort((a, b) => a.atMs - b.atMs);
  let { sequence } = day;
  const texts = lines.map(({ make }) => make(sequence++));
  writeFileSync(join(folder, 'record.jsonl'), texts.join(''));
  return sequence;
}

/** A report for each minute; a hole has one of its own, or none. */
function reportsOf(
  { camera, utcOffsetMinutes, epoch, frames, holes, untilMs }: MadeDay,
  from: number,
) {
  const end = Math.min(from + dayMs, untilMs ?? Infinity);
  const edges = new Set([from, end]);
  for (let at = from; at < end; at += minuteMs) edges.add(at);
  for (const { fromMs, toMs } of holes) edges.add(fromMs).add(toMs);
  const sorted = [...edges].filter((at) => at <= end).sort((a, b) => a - b);
  const changes = frames.filter(({ reason }) => reason === 'change').map(({ atMs }) => atMs);
  const events = eventsOf(frames);
  let [change, event] = [0, 0];
  return sorted.slice(0, -1).flatMap((fromMs, place) => {
    const toMs = sorted[place + 1] ?? end;
    const hole = holes.find((each) => each.fromMs <= fromMs && toMs <= each.toMs);
    const changedFrom = change;
    while ((changes[change] ?? Infinity) < toMs) change += 1;
    const endedFrom = event;
    while ((events[event]?.lastAtMs ?? Infinity) < toMs - 10_000) event += 1;
    if (hole?.kind === 'lost') return [];
    const isWatching = hole === undefined;
    const compared = isWatching ? Math.round((toMs - fromMs) / 1000) : 0;
    const report = {
      ...{ fromMs, toMs, utcOffsetMinutes, everyMs: minuteMs, compared },
      state: hole?.kind ?? 'watching',
      ...(hole?.kind === 'failing' && { why: 'no camera at /dev/video0' }),
      ...{ changed: change - changedFrom, skipped: 0, waiting: 0, dropped: 0 },
      ended: events.slice(endedFrom, event),
    };
    return [
      {
        atMs: toMs,
        make: (sequence: number) =>
          reportLine({
            ...{ camera, id: { epoch, sequence }, report, utcOffsetMinutes },
            ...{ capturedAtMs: toMs - 1, receivedAtMs: toMs + 100, clockErrorMs: undefined },
          }),
      },
    ];
  });
}

function eventsOf(frames: readonly MadeFrame[]) {
  const events = new Map<
    string,
    { event: string; firstAtMs: number; lastAtMs: number; frames: number }
  >();
  for (const { atMs, event, reason } of frames) {
    if (event === undefined) continue;
    const known = events.get(event);
    const isChange = reason === 'change';
    if (known === undefined) {
      events.set(event, { event, firstAtMs: atMs, lastAtMs: atMs, frames: 1 });
    } else {
      known.frames += 1;
      if (isChange) known.lastAtMs = atMs;
    }
  }
  return [...events.values()];
}

/** A line for frames that a limit dropped. */
export function gapText(camera: string, epoch: string, sequence: number, fromMs: number): string {
  return gapLine({
    ...{ camera, id: { epoch, sequence }, count: 3, capturedAtMs: fromMs, utcOffsetMinutes: 0 },
    ...{ lastCapturedAtMs: fromMs + 2000, why: 'size', receivedAtMs: fromMs + 5000 },
  });
}

export const newEpoch = (): string => randomBytes(16).toString('hex');

class PictureLinks {
  readonly #folder: string;
  readonly #bases = new Map<Picture, { path: string; links: number }>();
  readonly #paths: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(picture: Picture, name: string): void {
    let base = this.#bases.get(picture);
    if (base === undefined || base.links >= maxLinks) {
      base = { path: join(this.#folder, `.base-${this.#paths.length}`), links: 0 };
      writeFileSync(base.path, picture.jpeg);
      this.#paths.push(base.path);
      this.#bases.set(picture, base);
    }
    base.links += 1;
    linkSync(base.path, join(this.#folder, name));
  }

  close(): void {
    for (const path of this.#paths) rmSync(path);
  }
}
