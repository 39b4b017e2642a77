/** What the operator's limits demand of a store: which frames are too old, how many bytes must go. Pure. */
import { formatDuration, formatSize } from '../../../shared/cli/units.js';

/** A limit for one camera, or for all. */
export interface CameraLimit {
  /** Undefined: all cameras. */
  readonly camera: string | undefined;
  readonly amount: number;
}

export type FreeSpace = { readonly bytes: number } | { readonly share: number };

export interface RetentionLimits {
  /** Milliseconds. One of a camera replaces that of all. */
  readonly maxAge: readonly CameraLimit[];
  /** Bytes. One of a camera applies beside that of all. */
  readonly maxSize: readonly CameraLimit[];
  readonly minFree: FreeSpace | undefined;
}

/** The file system of the captures. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Bytes that must go. */
export interface Need {
  readonly bytes: number;
  /** How many more may go, so that an event goes as a whole. */
  readonly spareBytes: number;
}

export interface Needs {
  /** Frames captured before it are too old; -Infinity: none. */
  readonly cutoffMs: (camera: string) => number;
  /** A day is searched for old frames when it has one from before this time: not for each frame that gets too old. */
  readonly searchBeforeMs: (camera: string) => number;
  readonly ofCamera: ReadonlyMap<string, Need>;
  readonly ofAll: Need;
  readonly ofDisk: Need;
}

/** A sweep frees this share of a limit more than it must, so that not every frame needs a sweep. */
const sweepShare = 0.03;
/** From this share of a limit on, a sweep begins beside the writes: they need not wait for it. */
const earlyShare = 0.99;
/** Old frames go at most this late, and this share of their age. */
const maxLateMs = 3_600_000;
const lateShare = 0.05;

export const noLimits: RetentionLimits = { maxAge: [], maxSize: [], minFree: undefined };
const noNeed: Need = { bytes: 0, spareBytes: 0 };

export function hasLimits({ maxAge, maxSize, minFree }: RetentionLimits): boolean {
  return maxAge.length > 0 || maxSize.length > 0 || minFree !== undefined;
}

/** Of several limits for one camera, the last one counts. */
export function limitOf(limits: readonly CameraLimit[], camera?: string): number | undefined {
  return limits.findLast((each) => each.camera === camera)?.amount;
}

export function maxAgeOf({ maxAge }: RetentionLimits, camera: string): number | undefined {
  return limitOf(maxAge, camera) ?? limitOf(maxAge);
}

/** Bytes that the disk must have free; undefined: no limit. */
export function minFreeBytes({ minFree }: RetentionLimits, disk: DiskSpace): number | undefined {
  return minFree && freeBytesOf(minFree, disk);
}

export function freeBytesOf(space: FreeSpace, { totalBytes }: DiskSpace): number {
  return 'share' in space ? Math.ceil(space.share * totalBytes) : space.bytes;
}

export interface StoreState {
  readonly nowMs: number;
  /** Bytes that each camera uses. */
  readonly cameraBytes: ReadonlyMap<string, number>;
  readonly totalBytes: number;
  /** Undefined: not known, and no limit needs it. */
  readonly disk: DiskSpace | undefined;
}

/** @param isEarly true: also when a limit is nearly reached */
export function needsOf(limits: RetentionLimits, state: StoreState, isEarly = true): Needs {
  const { nowMs, cameraBytes, totalBytes, disk } = state;
  const cutoffMs = (camera: string): number => nowMs - (maxAgeOf(limits, camera) ?? Infinity);
  const ofCamera = new Map<string, Need>();
  for (const [camera, bytes] of cameraBytes) {
    const need = needBelow(bytes, limitOf(limits.maxSize, camera), isEarly);
    if (need.bytes > 0) ofCamera.set(camera, need);
  }
  const leastFree = disk && minFreeBytes(limits, disk);
  return {
    cutoffMs,
    searchBeforeMs: (camera) => {
      const maxAgeMs = maxAgeOf(limits, camera) ?? 0;
      return cutoffMs(camera) - Math.min(maxLateMs, lateShare * maxAgeMs);
    },
    ofCamera,
    ofAll: needBelow(totalBytes, limitOf(limits.maxSize), isEarly),
    ofDisk: leastFree === undefined ? noNeed : needFree(disk?.freeBytes ?? 0, leastFree, isEarly),
  };
}

/** What a plan must free whatever else is asked: nothing of a limit is reached. */
export function isSizeNeeded({ ofCamera, ofAll, ofDisk }: Needs): boolean {
  return ofCamera.size > 0 || ofAll.bytes > 0 || ofDisk.bytes > 0;
}

function needBelow(bytes: number, limit: number | undefined, isEarly: boolean): Need {
  if (limit === undefined) return noNeed;
  if (bytes <= limit * (isEarly ? earlyShare : 1)) return noNeed;
  const spareBytes = Math.floor(sweepShare * limit);
  return { bytes: Math.ceil(bytes - limit + spareBytes), spareBytes };
}

function needFree(freeBytes: number, leastBytes: number, isEarly: boolean): Need {
  if (freeBytes >= leastBytes * (isEarly ? 2 - earlyShare : 1)) return noNeed;
  const spareBytes = Math.floor(sweepShare * leastBytes);
  return { bytes: Math.ceil(leastBytes + spareBytes - freeBytes), spareBytes };
}

/** `max-age 30d frontdoor=7d, min-free 10%`: also tells whether limits were changed. */
export function limitsText({ maxAge, maxSize, minFree }: RetentionLimits): string {
  const list = (limits: readonly CameraLimit[], format: (amount: number) => string): string =>
    limits.map(({ camera, amount }) => `${camera ? `${camera}=` : ''}${format(amount)}`).join(' ');
  const parts = [
    ...(maxAge.length > 0 ? [`max-age ${list(maxAge, formatDuration)}`] : []),
    ...(maxSize.length > 0 ? [`max-size ${list(maxSize, formatSize)}`] : []),
  ];
  if (minFree !== undefined) {
    const text = 'share' in minFree ? percentText(minFree.share) : formatSize(minFree.bytes);
    parts.push(`min-free ${text}`);
  }
  return parts.join(', ');
}

const percentText = (share: number): string => `${Number((share * 100).toFixed(7))}%`;
