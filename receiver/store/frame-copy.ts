/** Whether a regular file has the bytes of a frame. Does not block on a pipe. */
import { constants } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';

/** False also for a missing file, and for anything but a regular file. @throws a system error */
export async function hasContent(folder: Folder, name: string, bytes: Buffer): Promise<boolean> {
  const stats = folder.lstat(name);
  if (stats?.isFile() !== true || Number(stats.size) !== bytes.length) return false;
  try {
    // Since lstat the file may have been replaced, by a pipe too.
    const file = await folder.openFile(name, constants.O_RDONLY);
    try {
      if ((await file.stat()).size !== bytes.length) return false;
      const found = Buffer.allocUnsafe(bytes.length);
      let at = 0;
      while (at < found.length) {
        const { bytesRead } = await file.read(found, at, found.length - at, at);
        if (bytesRead === 0) return false;
        at += bytesRead;
      }
      return found.equals(bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    // A link or no regular file: its target is not a stored frame.
    if (error instanceof OperationalError || systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
