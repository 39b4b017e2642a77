/** Files that root makes in a captures directory belong to the receiver's user, who owns its folders. */
import type { FileHandle } from 'node:fs/promises';
import type { Folder } from './folder.js';

/** @param folder of the file @throws a system error */
export async function giveToOwner(file: FileHandle, folder: Folder): Promise<void> {
  const owner = folder.lstat('.');
  const { uid } = await file.stat();
  if (owner === undefined || BigInt(uid) === owner.uid || process.geteuid?.() !== 0) return;
  await file.chown(Number(owner.uid), Number(owner.gid));
}
