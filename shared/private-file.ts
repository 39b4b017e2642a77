/**
 * Files that only their owner may read: written whole or not at all, flushed, mode 0600. Written by root,
 * they belong to the owner of their folder, so that a service can read what an administrator made.
 */
import { randomUUID } from 'node:crypto';
import { chown, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { flushToDisk } from './durable-file.js';
import { systemCode } from './errors.js';

/** Puts `text` in place of what is there. @throws a system error: then what was there is there still */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.part`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      if (isRoot()) {
        const { uid, gid } = await stat(folder);
        await file.chown(uid, gid);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  await flushToDisk(folder);
}

/** Makes a folder, and what is missing above it, for its owner alone. @throws a system error */
export async function makePrivateFolder(path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (systemCode(error) !== 'ENOENT' || parent === path) throw error;
    await makePrivateFolder(parent);
    await makePrivateFolder(path);
    return;
  }
  if (isRoot()) {
    const { uid, gid } = await stat(parent);
    await chown(path, uid, gid);
  }
  await flushToDisk(parent);
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
