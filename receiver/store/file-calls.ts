/** Calls on files of the store: what waits for the disk is asynchronous, all other calls are not (`folder.ts`). */
import { fsync, open, read, writeSync } from 'node:fs';

/** As an asynchronous call, of work that is done at once. */
export function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

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

/** Reads from a place in the file. @returns the number of bytes; 0 at its end @throws a system error */
export function readAt(fd: number, bytes: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, bytes, 0, bytes.length, position, (error, byteCount) => {
      if (error === null) resolve(byteCount);
      else reject(error);
    });
  });
}
