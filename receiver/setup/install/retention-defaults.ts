/**
 * The limits that a fresh installation gets: 30 days, and a tenth of the disk stays free, at least 1 GiB. A directory
 * that has captures already, or an installation without limits, gets none: nothing is deleted that was stored before.
 */
import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DiskSpace } from '../../archive/retention/limits.js';
import { markerName } from '../../store/store-marker.js';

export interface RetentionDefaults {
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** Whether the installation has a limit. */
  readonly isLimited: boolean;
  /** Sentences to print after install. */
  readonly notes: readonly string[];
}

const gibibyte = 2 ** 30;
const names = ['RECEIVER_MAX_AGE', 'RECEIVER_MAX_SIZE', 'RECEIVER_MIN_FREE'];

export interface DefaultsRequest {
  /** Absolute. */
  readonly directory: string;
  /** Variables of the installation before; undefined: there is none. */
  readonly installed: Readonly<Record<string, string | undefined>> | undefined;
  /** Given to this install; undefined: taken back. */
  readonly given: Readonly<Record<string, string | undefined>>;
  /** How install is called: `sudo receiver install`. */
  readonly install: string;
}

export function retentionDefaults(request: DefaultsRequest): RetentionDefaults {
  const { directory, installed, given, install } = request;
  const known: Readonly<Record<string, string | undefined>> = { ...installed, ...given };
  const limits = names.filter((name) => known[name]);
  const isFresh = installed === undefined && !existsSync(join(directory, markerName));
  if (!isFresh && limits.length > 0) return { settings: {}, isLimited: true, notes: [] };
  if (!isFresh) return { settings: {}, isLimited: false, notes: [unlimited(install)] };
  const minFree = minFreeOf(diskBelow(directory));
  const all: DefaultsRequest['given'] = {
    RECEIVER_MAX_AGE: '30d',
    RECEIVER_MIN_FREE: minFree,
    ...given,
  };
  const { RECEIVER_MAX_AGE: maxAge, RECEIVER_MIN_FREE: free } = all;
  const settings = { RECEIVER_MAX_AGE: maxAge, RECEIVER_MIN_FREE: free };
  if (!names.some((name) => all[name])) {
    return { settings, isLimited: false, notes: [unlimited(install)] };
  }
  if (maxAge === undefined && free === undefined) return { settings, isLimited: true, notes: [] };
  const note = `${deletions(maxAge, free)}. To change it: ${install} --max-age 90d --min-free 5%`;
  return { settings, isLimited: true, notes: [note] };
}

function deletions(maxAge: string | undefined, free: string | undefined): string {
  const old = `frames older than ${maxAge ?? ''} are deleted`;
  const oldest = `while less than ${free ?? ''} of the disk is free`;
  if (maxAge === undefined) return `the oldest frames are deleted ${oldest}`;
  return free === undefined ? old : `${old}, and the oldest ones ${oldest}`;
}

const unlimited = (install: string): string =>
  `nothing is deleted: there is no limit. To delete what is older than 30 days and leave a tenth of the disk ` +
  `free: ${install} --max-age 30d --min-free 10%`;

/** A setting: a tenth of the disk, at least 1 GiB; on a disk that is smaller than 4 GiB a tenth. */
export function minFreeOf({ totalBytes }: Pick<DiskSpace, 'totalBytes'>): string {
  const isTenth = totalBytes >= 10 * gibibyte || totalBytes < 4 * gibibyte;
  return isTenth ? '10%' : '1GiB';
}

/** The disk of a directory, which may not exist yet. */
function diskBelow(directory: string): DiskSpace {
  let path = directory;
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path);
  const { blocks, bavail, bsize } = statfsSync(path);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}
