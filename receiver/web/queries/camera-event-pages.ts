/** The events of a camera in a stretch of time, with their best frames. */
import { CameraEvents, type DayEvent } from '../../archive/camera-events.js';
import type { EventAnswer, EventsAnswer, FrameAnswer } from '../api-types.js';
import type { CameraTimeline } from './camera-timeline.js';
import type { DayRows } from './day-rows.js';
import type { DayStore } from './day-store.js';
import { frameAnswers } from './frame-answers.js';

interface Best {
  readonly rows: DayRows;
  readonly row: number;
  readonly strength: number;
}

/** @throws a system error */
export async function eventsOf(
  store: DayStore,
  timeline: CameraTimeline,
  { fromMs, toMs, limit }: { fromMs: number; toMs: number; limit: number },
): Promise<EventsAnswer> {
  const { camera } = timeline;
  const events = new CameraEvents();
  const best = new Map<string, Best>();
  const kept = new Set<string>();
  for (const day of timeline.around(fromMs, toMs)) {
    const summary = await store.summary(camera, day);
    for (const each of summary?.ended ?? []) events.addEnd(each);
    if (summary === undefined || summary.eventParts.length === 0) continue;
    const rows = await store.rows(camera, day);
    if (rows === undefined) continue;
    for (const each of rows.events) addEvent(events, best, rows, each);
    for (const event of rows.keeps.ownEvents) kept.add(event);
  }
  const { doesReport } = await timeline.facts();
  const found = events.between(fromMs, toMs, doesReport);
  const page = found.slice(0, limit);
  const frames = await bestFrames(store, page, best);
  return {
    camera,
    events: page.map((each): EventAnswer => ({
      ...{ event: each.event, first: each.firstAtMs, last: each.lastAtMs },
      ...{ frames: each.frames, state: each.state, kept: kept.has(each.event) },
      best: frames.get(each.event) ?? null,
    })),
    more: found.length > limit,
  };
}

function addEvent(
  events: CameraEvents,
  best: Map<string, Best>,
  rows: DayRows,
  { event, firstAtMs, lastAtMs, frames, best: row }: DayRows['events'][number],
): void {
  events.addFrames(event, { firstAtMs, lastAtMs, frames });
  if (row === undefined) return;
  const strength = rows.index.columns.columns.strength[row] ?? 0;
  if (strength > (best.get(event)?.strength ?? -1) || !best.has(event)) {
    best.set(event, { rows, row, strength });
  }
}

async function bestFrames(
  store: DayStore,
  page: readonly DayEvent[],
  best: ReadonlyMap<string, Best>,
): Promise<Map<string, FrameAnswer>> {
  const byRows = new Map<DayRows, number[]>();
  for (const { event } of page) {
    const found = best.get(event);
    if (found === undefined) continue;
    const wanted = byRows.get(found.rows);
    if (wanted === undefined) byRows.set(found.rows, [found.row]);
    else wanted.push(found.row);
  }
  const frames = new Map<string, FrameAnswer>();
  for (const [rows, wanted] of byRows) {
    const answers = await store.inDay(rows.camera, rows.day, (folder) =>
      frameAnswers(folder, rows, wanted),
    );
    for (const each of answers ?? []) if (each.event !== null) frames.set(each.event, each);
  }
  return frames;
}
