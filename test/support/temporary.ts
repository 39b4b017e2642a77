/**
 * Temporary directories, removed after the test. They are in memory where that is possible: a flush costs nothing
 * there. Tests whose subject is a disk, as the fault suite, take `diskDirectory`.
 */
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const memory = '/dev/shm';
/** The tests together keep less than this at a time. A container gives 64 MiB by default. */
const neededBytes = 1024 ** 3;

/** True for a file system in memory that has room and runs programs: tests write shell scripts there. */
function isUsable(path: string): boolean {
  try {
    const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    // The last mount on a path hides those before it.
    const [, , type, options] =
      lines.map((line) => line.split(' ')).findLast(([, target]) => target === path) ?? [];
    if (type !== 'tmpfs' || options?.split(',').includes('noexec')) return false;
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= neededBytes;
  } catch {
    return false;
  }
}

/** The parent of directories in memory; the system's temporary directory where there is no room in memory. */
export const memoryBase = isUsable(memory) ? memory : tmpdir();

function makeDirectory(base: string): string {
  const directory = mkdtempSync(join(base, 'picchanged-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** In memory, where that is possible. */
export function temporaryDirectory(): string {
  return makeDirectory(memoryBase);
}

/** In the system's temporary directory, as a rule on a disk. */
export function diskDirectory(): string {
  return makeDirectory(tmpdir());
}
