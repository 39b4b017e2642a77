/**
 * The folder between the viewer's service, which writes nothing into the captures, and picchanged-keep.service, which
 * runs as the receiver's user. The viewer puts a request into `requests`, a file of its own; the other service does
 * what it says, removes it, and leaves a file of the same name in `answers`, which is not the viewer's to write.
 */
import { constants } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { Folder } from '../../store/folder.js';

const fileName = /^[0-9a-f]{32}\.json$/;
/** More than the longest note needs. */
export const maxControlBytes = 8 * 1024;

export function newRequestName(): string {
  return `${randomBytes(16).toString('hex')}.json`;
}

export function isRequestName(name: string): boolean {
  return fileName.test(name);
}

/** @throws a system error, ENOENT: the services have not made it */
export function openRequests(control: string): Promise<Folder> {
  return Folder.open(join(control, 'requests'));
}

/** @throws a system error, ENOENT: no request was ever answered */
export function openAnswers(control: string): Promise<Folder> {
  return Folder.open(join(control, 'answers'));
}

export const controlAnswer = v.variant('done', [
  v.object({ done: v.literal(true) }),
  v.object({
    done: v.literal(false),
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    code: v.pipe(v.string(), v.maxLength(100)),
    message: v.pipe(v.string(), v.maxLength(4000)),
  }),
]);
export type ControlAnswer = v.InferOutput<typeof controlAnswer>;

/**
 * The JSON of a regular file. Its owner may be hostile: a link is not followed, a pipe does not block, and no more
 * than the limit is read.
 * @returns undefined: it is too long, or is not JSON
 * @throws {OperationalError} STORE: a link, or not a regular file; a system error, ENOENT when it is missing
 */
export async function readControlFile(folder: Folder, name: string): Promise<unknown> {
  const file = await folder.openFile(name, constants.O_RDONLY);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(maxControlBytes + 1),
      ...([0, maxControlBytes + 1, 0] as const),
    );
    if (bytesRead > maxControlBytes) return undefined;
    try {
      return JSON.parse(buffer.toString('utf8', 0, bytesRead));
    } catch {
      return undefined;
    }
  } finally {
    await file.close();
  }
}

/** Writes a file for a member of the folder's group, whole or not at all. @throws a system error */
export async function writeControlFile(
  folder: Folder,
  name: string,
  value: unknown,
): Promise<void> {
  // A hidden name: the path unit does not see it.
  const part = `.${name}.part`;
  try {
    const file = await folder.createFile(part, 0o640);
    try {
      await file.chmod(0o640); // independent of the umask
      await file.writeFile(JSON.stringify(value));
    } finally {
      await file.close();
    }
    folder.rename(part, folder, name);
  } catch (error) {
    folder.removeIfThere(part);
    throw error;
  }
}
