/**
 * Deletes frames of a day. The steps, and what a crash after each one leaves:
 *
 *   1. the sweep file names the day, flushed   nothing is deleted; the next sweep finds nothing to finish
 *   2. `deleted` lines, flushed                the frames are gone by the record, their files are there: the next
 *                                              sweep removes them, and an agent that repeats one gets a duplicate
 *   3. files removed                           the same for those that are left
 *   4. folder flushed                          a power cut before it may bring files back: as after 2
 *   5. the sweep file names no day             nothing is left to do
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemCode } from '../../../shared/cli/errors.js';
import type { Folder } from '../../store/folder.js';
import { type DeletedNote, maxNoteNames } from '../../store/store-note.js';
import { appendNotes } from '../note-appender.js';
import { foreignAt, sumOf } from './day-frames.js';
import type { PlanFrame, PlannedFrame } from './chosen-frames.js';

export interface Deletion {
  readonly frames: readonly PlannedFrame[];
  /** By which the record has grown. */
  readonly recordBytes: number;
}

/**
 * Frames whose lines are flushed at once. A full disk may have no block for a line, but room at the end of the
 * record's last one: a short line fits there, and its frame makes room for the next.
 */
const batches = [8 * maxNoteNames, 20, 1];

/** @param frames of a loaded day @throws a system error: some may be deleted */
export async function deleteFrames(
  folder: Folder,
  camera: string,
  frames: readonly PlannedFrame[],
  nowMs: number,
): Promise<Deletion> {
  const gone: PlannedFrame[] = [];
  let [at, size, recordBytes] = [0, 0, 0];
  while (at < frames.length) {
    const batch = frames.slice(at, at + (batches[size] ?? 1));
    // Between the plan and now a file may have been removed or replaced.
    const own = batch.filter((frame) => isOwn(folder, frame));
    try {
      if (own.length > 0) recordBytes += await appendNotes(folder, notesOf(camera, own, nowMs));
    } catch (error) {
      const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
      if (!isFull || size + 1 >= batches.length) throw error;
      size += 1;
      continue;
    }
    await unlinkAll(folder, own);
    gone.push(...own);
    at += batch.length;
  }
  await folder.sync();
  return { frames: gone, recordBytes };
}

/** Removes the files of frames that are deleted by the record already. @throws a system error */
export async function finishDeletion(folder: Folder, frames: readonly PlanFrame[]): Promise<void> {
  await unlinkAll(folder, frames);
  await folder.sync();
}

async function unlinkAll(folder: Folder, frames: readonly PlanFrame[]): Promise<void> {
  for (const [index, frame] of frames.entries()) {
    if (isOwn(folder, frame)) folder.unlink(frame.name);
    if ((index + 1) % maxNoteNames === 0) await nextTurn();
  }
}

const isOwn = (folder: Folder, frame: PlanFrame): boolean =>
  folder.lstat(frame.name) !== undefined && foreignAt(folder, frame) === undefined;

/** One for each reason, in lines of at most `maxNoteNames`. */
export function notesOf(
  camera: string,
  frames: readonly PlannedFrame[],
  atMs: number,
): DeletedNote[] {
  const notes: DeletedNote[] = [];
  for (const why of new Set(frames.map((frame) => frame.why))) {
    const own = frames.filter((frame) => frame.why === why);
    for (let at = 0; at < own.length; at += maxNoteNames) {
      const part = own.slice(at, at + maxNoteNames);
      const names = part.map(({ name }) => name);
      notes.push({
        kind: 'deleted',
        camera,
        atMs,
        why,
        names,
        byteCount: sumOf(part, 'byteCount'),
      });
    }
  }
  return notes;
}
