/** Which system calls of a program fail, with which error, and how often: a function of a seed. Pure. */
import { seededRandom } from './plan.js';
import type { Side } from './power-cut.js';

export interface ErrnoPlan {
  /** Names as in strace; `?` before those that some architectures lack. */
  readonly calls: readonly string[];
  readonly error: string;
  /** Which calls of each thread fail, in strace's syntax: `first[..last][+[step]]`. */
  readonly when: string;
  /** True: only on files of the spool or of the captures directory whose names are known in advance. */
  readonly isNamed: boolean;
}

interface Family {
  readonly sides: readonly Side[];
  readonly calls: readonly string[];
  readonly errors: readonly string[];
  readonly isNamed?: boolean;
}

const both: readonly Side[] = ['agent', 'receiver'];
const opens = ['?open', 'openat'];
const looks = ['statx', '?newfstatat', '?fstat', '?lstat', '?stat'];
const flushes = ['fsync', 'fdatasync'];
const names = ['?rename', '?renameat', 'renameat2', '?unlink', 'unlinkat'];
const links = ['?link', 'linkat'];
const folders = ['?mkdir', 'mkdirat', 'getdents64'];
const attributes = ['ftruncate', 'fchmod', 'utimensat'];
const broken = ['EIO', 'ENOMEM', 'ESTALE'];
const denied = ['EACCES', 'EPERM', 'EROFS'];
const full = ['ENOSPC', 'EDQUOT'];
const noDescriptors = ['EMFILE', 'ENFILE'];

/**
 * ENOENT is not among the errors of open and stat: it means that a file is missing, which is final. `read`
 * and `write` fail on named files only: libuv wakes its threads by both, and ends the program when that fails.
 * EINTR is left out: libuv repeats the call.
 */
const families: readonly Family[] = [
  { sides: both, calls: opens, errors: [...broken, ...denied, ...full, ...noDescriptors] },
  { sides: both, calls: looks, errors: [...broken, 'EACCES'] },
  { sides: both, calls: flushes, errors: ['EIO', ...full] },
  { sides: both, calls: names, errors: [...broken, ...full, 'EACCES', 'EROFS', 'ENOENT'] },
  { sides: both, calls: links, errors: [...broken, ...denied, ...full, 'EMLINK', 'ENOENT'] },
  { sides: both, calls: folders, errors: [...broken, ...full, 'EACCES', 'EROFS'] },
  { sides: both, calls: attributes, errors: ['EIO', 'EPERM', 'EROFS'] },
  { sides: both, calls: ['read', 'pread64'], errors: broken, isNamed: true },
  {
    sides: ['receiver'],
    calls: ['write', 'pwrite64', 'writev'],
    errors: ['EIO', ...full],
    isNamed: true,
  },
  {
    sides: both,
    calls: [...opens, ...looks, ...flushes, ...names, ...links, ...folders, ...attributes],
    errors: ['EIO', 'EROFS', 'ESTALE'],
  },
];

export function planErrno(seed: number, side: Side): ErrnoPlan {
  const random = seededRandom(seed);
  const {
    calls,
    errors,
    isNamed = false,
  } = oneOf(
    families.filter(({ sides }) => sides.includes(side)),
    random,
  );
  const first = 1 + Math.floor(random() * 3);
  const when = oneOf(
    [`${first}`, `${first}..${first + 2}`, `${first}+7`, `${first}+2`, '1+'],
    random,
  );
  return { calls, error: oneOf(errors, random), when, isNamed };
}

export function describeErrno({ calls, error, when, isNamed }: ErrnoPlan): string {
  const where = isNamed ? ' of known files' : '';
  return `${error} from ${calls.join(',').replaceAll('?', '')}${where}, calls ${when}`;
}

function oneOf<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}
