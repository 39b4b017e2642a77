/** The frames of notices: files of a captures directory, or objects of the bucket whose records are mirrored. */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../archive/captures-reader.js';
import { Folder } from '../store/folder.js';
import { readFrameFile } from '../store/read-frame-file.js';
import type { StoredCaptures } from '../store/stored-captures.js';

export interface NoticeFrames {
  /** @param path `yard/2026_11_22/….jpg` @returns undefined: it is gone, larger, or out of reach */
  read(path: string, maxBytes: number): Promise<Buffer | undefined>;
  /** Calls `act` with the path of a file that has the frame; undefined: there is none. */
  withFile<T>(path: string, act: (file: string | undefined) => Promise<T>): Promise<T>;
}

/** What a notifier knows of a bucket. */
export interface NoticeBucket extends Pick<StoredCaptures, 'readFrame'> {
  /** @throws {OperationalError} STORE: the bucket is away, so that nothing is known of its cameras */
  check(): void;
}

/** @param directory of the captures, or the mirror of the bucket */
export function noticeFrames(directory: string, bucket: NoticeBucket | undefined): NoticeFrames {
  return bucket === undefined ? filesOf(directory) : objectsOf(bucket, directory);
}

const filesOf = (directory: string): NoticeFrames => ({
  async read(path, maxBytes) {
    const names = path.split('/');
    const name = names.pop() ?? '';
    try {
      const captures = await Folder.open(directory);
      try {
        return await within(captures, names, (folder) => readFrameFile(folder, name, maxBytes));
      } finally {
        await captures.close();
      }
    } catch {
      return undefined;
    }
  },
  withFile: (path, act) => act(join(directory, path)),
});

const objectsOf = (bucket: NoticeBucket, directory: string): NoticeFrames => ({
  async read(path, maxBytes) {
    const bytes = await bucket.readFrame(path).catch(() => undefined);
    return bytes !== undefined && bytes.length <= maxBytes ? bytes : undefined;
  },
  async withFile(path, act) {
    const bytes = await bucket.readFrame(path).catch(() => undefined);
    if (bytes === undefined) return await act(undefined);
    const file = join(directory, `.frame-${randomUUID()}.jpg`);
    try {
      const isWritten = await writeFile(file, bytes, { mode: 0o600 }).then(
        () => true,
        () => false,
      );
      return await act(isWritten ? file : undefined);
    } finally {
      await rm(file, { force: true });
    }
  },
});
