/** The notice of `receiver notify --test`: an event that never was, with the newest frame of a camera. */
import { isDayName } from '../../shared/protocol/frame-path.js';
import { camerasIn, within } from '../archive/captures-reader.js';
import type { FrameEntry } from '../archive/frame-entry.js';
import { readRecord } from '../archive/record-reader.js';
import type { Folder } from '../store/folder.js';
import type { Way } from './notice-queue.js';
import type { EventNotice, Notice } from './notice.js';

/** @returns what each way is tried with @throws a system error */
export async function testNotice(captures: Folder, nowMs: number): Promise<(way: Way) => Notice> {
  const found = await newestFrame(captures);
  const event: EventNotice = {
    ...{ kind: 'event', phase: 'begin', id: `test/${nowMs}` },
    events: [{ camera: 'test', event: String(nowMs) }],
    ...{ fromMs: nowMs, toMs: nowMs, frames: undefined, isCut: false },
    best: {
      ...{ camera: 'test', path: found?.path ?? 'none.jpg', capturedAtMs: nowMs },
      ...{ utcOffsetMinutes: 0, sha256: found?.frame.sha256 ?? '', strength: 1, boxes: [] },
    },
  };
  const silence = { kind: 'silence', camera: 'test', id: `test/silence/${nowMs}` } as const;
  const late = { kind: 'late', phase: 'end', camera: 'test', id: `test/late/${nowMs}` } as const;
  const problem = { kind: 'problem', problem: 'disk', id: `test/disk/${nowMs}` } as const;
  const all: readonly Notice[] = [
    event,
    { ...event, phase: 'end' },
    { ...silence, phase: 'begin', fromMs: nowMs },
    { ...silence, phase: 'end', fromMs: nowMs, toMs: nowMs },
    { ...late, count: 1, fromMs: nowMs, toMs: nowMs },
    { ...problem, phase: 'begin', fromMs: nowMs, detail: 'a test' },
    { ...problem, phase: 'end', fromMs: nowMs, toMs: nowMs, detail: 'a test' },
  ];
  return (way) => all.find((notice) => way.takes(notice)) ?? event;
}

async function newestFrame(
  captures: Folder,
): Promise<{ path: string; frame: FrameEntry } | undefined> {
  for (const camera of await camerasIn(captures)) {
    const found = await within(captures, [camera], async (folder) => {
      const days: string[] = [];
      for await (const name of folder.names()) if (isDayName(name)) days.push(name);
      const day = days.sort().at(-1);
      if (day === undefined) return undefined;
      let newest: FrameEntry | undefined;
      await within(folder, [day], (inDay) =>
        readRecord(inDay, (line) => {
          if (line.kind === 'frame') newest = line;
        }),
      );
      const frame = newest;
      return frame && { path: `${camera}/${day}/${frame.name}`, frame };
    });
    if (found !== undefined) return found;
  }
  return undefined;
}
