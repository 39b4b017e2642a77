/** Moves a folder or unmounts a disk for a while, and selects the frames that count afterwards. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Tally, count } from './camera.js';
import type { SmallDisk } from './disk.js';
import type { Captures } from './inventory.js';
import { seededRandom } from './plan.js';

/** Takes a folder or disk away, and brings it back. */
export interface Absence {
  /** Its name in the suite's output. */
  readonly what: string;
  readonly leave: () => void;
  readonly return: () => void;
}

/** The disk of a side: its mount, or its directory if it is not a mount. */
function diskAbsence(disk: SmallDisk, isMounted: boolean): Absence {
  const { path } = disk;
  const aside = `${path}-away`;
  if (!isMounted) return folderAbsence(path, aside);
  mkdirSync(aside, { recursive: true });
  return {
    what: `the mount ${path}`,
    leave: () => moveMount(path, aside),
    return: () => moveMount(aside, path),
  };
}

/** At its return, files made in its place meanwhile become unreachable, as below a mount. */
function folderAbsence(path: string, aside: string): Absence {
  return {
    what: path,
    leave: () => renameSync(path, aside),
    return: () => {
      if (existsSync(path)) renameSync(path, `${aside}-hidden-${Date.now()}`);
      renameSync(aside, path);
    },
  };
}

function moveMount(from: string, to: string): void {
  const { status, stderr } = spawnSync('mount', ['--move', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount --move ${from} ${to}: ${stderr.trim()}`);
}

export interface Place {
  readonly disk: SmallDisk;
  readonly isMounted: boolean;
  readonly seed: number;
}

/** The agent's spool, the folder of one receiver in it, or the whole disk with it. */
export function spoolAbsence({ disk, isMounted, seed }: Place): Absence {
  const spool = join(disk.path, 'spool');
  const [inner = ''] = readdirSync(spool).filter((name) => /_\d+$/.test(name));
  const choice = Math.floor(seededRandom(seed)() * 3);
  if (choice === 0) return diskAbsence(disk, isMounted);
  const path = choice === 1 ? spool : join(spool, inner);
  return folderAbsence(path, join(disk.path, '.away'));
}

/** Names, below the captures directory, of moved folders that were made anew meanwhile. */
const movedPattern = /^\.moved-\d+\//;

/**
 * The captures disk, or the folder of a camera or of its newest day. A folder that was made anew meanwhile keeps its
 * place, and the old one keeps its new name: `withMoved` finds it.
 */
export function capturesAbsence(
  { disk, isMounted, seed }: Place,
  camera: string,
  isWholeOnly: boolean,
): Absence {
  const random = seededRandom(seed);
  const [choice, isReplaced] = [Math.floor(random() * 3), random() < 0.5];
  const cameraPath = join(disk.path, camera);
  if (choice === 0 || isWholeOnly || !existsSync(cameraPath)) return diskAbsence(disk, isMounted);
  const days = readdirSync(cameraPath).filter((name) => /^\d/.test(name));
  const day = days.sort().at(-1);
  const path = choice === 1 || day === undefined ? cameraPath : join(cameraPath, day);
  const aside = join(disk.path, `.moved-${seed}`, relative(disk.path, path));
  mkdirSync(dirname(aside), { recursive: true });
  return {
    what: isReplaced ? `${path}, which is empty now` : path,
    leave: () => {
      renameSync(path, aside);
      if (isReplaced) mkdirSync(path);
    },
    return: () => {
      if (!existsSync(path)) renameSync(aside, path);
    },
  };
}

export async function beAway({ leave, return: comeBack }: Absence, lastsMs: number): Promise<void> {
  leave();
  await delay(lastsMs);
  comeBack();
}

/**
 * The captures for the audit. A frame that was repeated while its file was away is correctly stored again: the moved
 * copy and its line are left out. The line of a frame that counts may be in either record.
 */
export function withMoved(captures: Captures, put: Tally): Captures {
  const isMoved = ({ name }: { readonly name: string }): boolean => movedPattern.test(name);
  const counts: Tally = new Map();
  const kept = captures.stored.filter((file) => !isMoved(file));
  for (const { sha256 } of kept) count(counts, sha256);
  const moved = captures.stored.filter(isMoved).filter(({ sha256 }) => {
    count(counts, sha256);
    return (counts.get(sha256) ?? 0) <= (put.get(sha256) ?? 0);
  });
  const recorded = captures.recorded.filter((line) => !isMoved(line));
  const ids = new Set(recorded.map(({ id }) => id));
  for (const line of captures.recorded.filter(isMoved)) {
    if (ids.has(line.id)) continue;
    ids.add(line.id);
    recorded.push(line);
  }
  const names = new Set(recorded.map(({ name }) => name));
  const lineless = moved.filter(({ name }) => !names.has(name));
  return {
    ...captures,
    stored: [...kept, ...moved],
    recorded: [...recorded, ...lineless.map(({ name }) => ({ id: name, name }))],
  };
}
