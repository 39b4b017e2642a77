/** Whether a file is a frame's: the same bytes, in a regular file. Never waits for anybody. */
import { constants } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';

/** False also when there is no such file, or something else in its place. @throws a system error */
export async function hasContent(folder: Folder, name: string, bytes: Buffer): Promise<boolean> {
  const look = await folder.look(name);
  if (look?.isFile() !== true || Number(look.size) !== bytes.length) return false;
  try {
    // What was a file a moment ago may be a pipe by now.
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
    // A link or no regular file: what it leads to is no frame that is kept here.
    if (error instanceof OperationalError || systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
