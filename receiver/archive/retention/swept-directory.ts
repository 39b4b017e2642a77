/** A captures directory, as it is swept: its records and its frames are in the same folders. */
import type { Folder } from '../../store/folder.js';
import { compactRecord } from '../compact-record.js';
import { type FrameLook, foreignAt } from './day-frames.js';
import { deleteFrames, finishDeletion } from './delete-frames.js';
import { SweepLock } from './sweep-lock.js';
import type { SweptStore } from './swept-store.js';

export const sweptDirectory: SweptStore = {
  refresh: () => Promise.resolve(),
  refreshDay: () => Promise.resolve(false),
  hold: (root, waitS) => SweepLock.take(root, waitS),
  look: (folder) => Promise.resolve(lookIn(folder)),
  deleteFrames: (folder, { camera }, frames, nowMs) => deleteFrames(folder, camera, frames, nowMs),
  finishDeletion: (folder, _path, frames) => finishDeletion(folder, frames),
  compact: (folder, _path, compaction) => compactRecord(folder, compaction),
  tidy: () => Promise.resolve(),
};

const lookIn = (folder: Folder): FrameLook => ({
  has: (name) => folder.lstat(name) !== undefined,
  foreign: (frame) => foreignAt(folder, frame),
});
