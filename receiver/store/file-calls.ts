/** Calls on files of the store: writes are synchronous, what waits for the disk is not (`folder.ts`). */
import { fsync, open, writeSync } from 'node:fs';

/** Opens a new file. @returns its descriptor @throws a system error, EEXIST when the path exists */
export function openNew(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, 'wx', (error, fd) => {
      if (error === null) resolve(fd);
      else reject(error);
    });
  });
}

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
