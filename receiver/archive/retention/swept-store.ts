/**
 * What a sweep works on beside the records, which are in a folder: frames in the folders of a captures directory, or in a
 * bucket, whose records a mirror has.
 */
import type { Folder } from '../../store/folder.js';
import type { Compaction } from '../compact-record.js';
import type { FrameLook } from './day-frames.js';
import type { Deletion } from './delete-frames.js';
import type { DayPath } from './day-total.js';
import type { PlanFrame, PlannedFrame } from './chosen-frames.js';

/** That this process is the one that deletes. */
export interface SweepHold {
  /** The day whose deletion a killed process has left. */
  unfinishedDay(): Promise<string | undefined>;
  /** Names the day durably, before anything of it is deleted. @throws {OperationalError} STORE; a system error */
  begin(path: string): Promise<void>;
  end(): Promise<void>;
  release(): Promise<void>;
}

export interface SweptDay extends DayPath {
  /** Lines of frames, gaps and reports. */
  readonly entries: number;
  readonly recordBytes: number;
}

/** Each of them throws a system error, or {OperationalError} STORE. */
export interface SweptStore {
  /** Makes the records those of the store; those of older days may be some minutes old. */
  refresh(): Promise<void>;
  /** The same of a day. @returns whether its record may have changed */
  refreshDay(path: string): Promise<boolean>;
  /** @returns undefined: another process holds it for so long */
  hold(root: Folder, waitS: number): Promise<SweepHold | undefined>;
  /** @param folder of the day's record */
  look(folder: Folder, path: string): Promise<FrameLook>;
  /** @param frames of a loaded day */
  deleteFrames(
    folder: Folder,
    day: Pick<DayPath, 'path' | 'camera'>,
    frames: readonly PlannedFrame[],
    nowMs: number,
  ): Promise<Deletion>;
  /** Removes frames that are deleted by the record already. */
  finishDeletion(folder: Folder, path: string, frames: readonly PlanFrame[]): Promise<void>;
  /** Takes lines out of a day's record. @returns how many entries they were */
  compact(folder: Folder, path: string, compaction: Compaction): Promise<number>;
  /** After a sweep: what else is to be done with days that are over. */
  tidy(days: readonly SweptDay[], nowMs: number): Promise<void>;
}
