/** Reads a stored frame whole, unless it is larger than a limit. */
import { constants } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';

/**
 * @throws {OperationalError} FRAME: it is larger, and is not read; or it changed while it was read.
 * STORE: it is not a regular file; or a system error, ENOENT when it is missing
 */
export async function readFrameFile(
  folder: Folder,
  name: string,
  maxBytes: number,
): Promise<Buffer> {
  const file = await folder.openFile(name, constants.O_RDONLY);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) {
      throw new OperationalError(
        'FRAME',
        `${join(folder.path, name)} has ${size} bytes; the limit is ${maxBytes}`,
      );
    }
    const bytes = Buffer.allocUnsafe(size);
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(bytes, at, size - at, at);
      if (bytesRead === 0) {
        throw new OperationalError(
          'FRAME',
          `${join(folder.path, name)} ends after ${at} of ${size} bytes`,
        );
      }
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
