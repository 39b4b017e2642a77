/** A bucket of the stub, and a mirror of it, for tests. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HeldMirror, RecordMirror } from '../../receiver/archive/mirror/record-mirror.js';
import { readBucketId } from '../../receiver/store/s3/bucket-marker.js';
import type { S3Client } from '../../receiver/store/s3/s3-client.js';
import { readBucketRecord } from '../../receiver/store/s3/bucket-record.js';
import { clientOf } from './s3-bucket.js';
import { startS3Stub } from './s3-stub.js';
import { temporaryDirectory } from './temporary.js';

export const bucketId = '0123456789abcdef0123456789abcdef';

export async function makeMirrorWorld() {
  const stub = await startS3Stub();
  const client = clientOf(stub);
  const parent = temporaryDirectory();
  const opened: RecordMirror[] = [];
  onTestFinished(async () => {
    for (const each of opened) await each.close().catch(() => undefined);
  });
  const open = async (id = bucketId): Promise<RecordMirror> => {
    const mirror = await RecordMirror.open({ client, id, parent });
    opened.push(mirror);
    return mirror;
  };
  let nowMs = Date.UTC(2026, 10, 22, 9);
  /** Writes an object a moment after the one before. */
  const put = (key: string, text: string): void => {
    nowMs += 10;
    const body = Buffer.from(text);
    stub.objects.set(`cams/${key}`, { body, metadata: {}, modifiedAtMs: nowMs });
  };
  const remove = (key: string): void => void stub.objects.delete(`cams/${key}`);
  const requests = (): string[] =>
    stub.seen
      .splice(0)
      .map(({ method, key, query }) => `${method} ${key || (query.get('prefix') ?? '')}`);
  return {
    ...{ stub, client, parent, open, put, remove, requests },
    merged: async (day: string) => linesOf((await readBucketRecord(client, day)).toString()),
  };
}

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** The record of a day in a mirror. */
export function mirrored({ directory }: RecordMirror, day: string) {
  const path = join(directory, day, 'record.jsonl');
  const text = readFileSync(path, 'latin1');
  const { ino: inode, mtimeMs } = statSync(path);
  return { path, text, lines: linesOf(text), inode, mtimeMs };
}

/** A mirror of a bucket that has its marker. */
export async function heldMirror(client: S3Client, parent: string): Promise<HeldMirror> {
  const mirror = await RecordMirror.open({ client, id: await readBucketId(client), parent });
  return { mirror, close: () => mirror.close() };
}
