/**
 * Files and folders below the captures directory as far as they are what they should be. Whoever may write
 * there can plant links that lead elsewhere, and pipes that nobody ever fills: nothing is written through the
 * first, nobody waits for the second. The captures directory itself may be a link.
 */
import { type FileHandle, constants, lstat, open } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../shared/errors.js';

const hint = 'move it away; to keep frames on another disk, mount that disk there';

/**
 * Opens a regular file.
 * @param flags as open(2) has them
 * @throws {OperationalError} STORE: it is something else; or a system error, ENOENT when there is none
 */
export async function openOwnFile(path: string, flags: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // A pipe would be waited for.
    file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCode(cause) !== 'ELOOP') throw cause;
    throw new OperationalError('STORE', `${path} is a symbolic link`, { hint });
  }
  try {
    if (!(await file.stat()).isFile()) {
      throw new OperationalError('STORE', `${path} is no regular file`, { hint });
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * @returns false when there is nothing
 * @throws {OperationalError} STORE: there is something else in its place; or a system error
 */
export async function isOwnFolder(path: string): Promise<boolean> {
  try {
    const look = await lstat(path);
    if (look.isDirectory()) return true;
    const found = look.isSymbolicLink() ? 'a symbolic link' : 'no folder';
    throw new OperationalError('STORE', `${path} is ${found}`, { hint });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
