/** Makes the API's frames of rows: their lines have what the index has not. */
import type { Folder } from '../../store/folder.js';
import type { FrameEntry } from '../../archive/frame-entry.js';
import type { FrameAnswer } from '../api-types.js';
import type { DayRows } from './day-rows.js';
import { framesAtLines } from './record-lines.js';

/** @returns in the order of `places`; without rows whose lines are gone: the record was replaced meanwhile */
export async function frameAnswers(
  folder: Folder,
  rows: DayRows,
  wanted: readonly number[],
): Promise<FrameAnswer[]> {
  const entries = await framesAtLines(
    folder,
    wanted.map((row) => rows.lineAt(row)),
  );
  return entries.flatMap((entry, place) => {
    const row = wanted[place] ?? 0;
    return entry?.capturedAtMs === rows.at(row) ? [answerOf(entry, rows, row)] : [];
  });
}

function answerOf(entry: FrameEntry, rows: DayRows, row: number): FrameAnswer {
  const { widthPx, heightPx } = entry;
  const lineAt = rows.lineAt(row);
  return {
    camera: rows.camera,
    cursor: `${entry.capturedAtMs}.${lineAt}`,
    at: entry.capturedAtMs,
    offset: entry.utcOffsetMinutes,
    url: `frame/${rows.camera}/${rows.day}/${lineAt}/${entry.sha256}.jpg`,
    name: entry.name,
    bytes: entry.byteCount,
    size: widthPx === undefined || heightPx === undefined ? null : [widthPx, heightPx],
    reason: entry.reason ?? null,
    changed: entry.changed ?? null,
    ratio: entry.ratio ?? null,
    strength: entry.strength ?? null,
    event: entry.event ?? null,
    boxes: entry.boxes ?? [],
    kept: rows.keeps.has(entry),
    note: rows.keeps.noteOf(entry) ?? null,
    proof: entry.proof,
  };
}
