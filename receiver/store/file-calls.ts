/** Calls on open files of the store: writes are synchronous, flushes are not (`folder.ts`). */
import { fsync, writeSync } from 'node:fs';

/** Writes all bytes, also after a short write. @throws a system error */
export function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/** Resolves when the file is on the disk. @throws a system error */
export function flushFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
