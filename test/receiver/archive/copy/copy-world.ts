/** Captures, and stores that they are copied into, for the tests of copies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { copyCaptures } from '../../../../receiver/archive/copy/copy-captures.js';
import { openBucketTarget } from '../../../../receiver/archive/copy/bucket-target.js';
import type { CopyTarget } from '../../../../receiver/archive/copy/copy-target.js';
import { openDirectoryTarget } from '../../../../receiver/archive/copy/directory-target.js';
import { appendErasure } from '../../../../receiver/archive/erase.js';
import { within } from '../../../../receiver/archive/captures-reader.js';
import { DirectoryCaptures } from '../../../../receiver/archive/directory-captures.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { BucketCaptures } from '../../../../receiver/store/s3/bucket-captures.js';
import type { StoredCaptures } from '../../../../receiver/store/stored-captures.js';
import { filesBelow } from '../../../support/files.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { frameOf, gapOf, reportOf } from '../../store/given.js';
import { verify } from '../verify/made-store.js';

/** A captures directory with two cameras, three days, a twin, a gap, a report and erasures. */
export async function makeCaptures() {
  const directory = temporaryDirectory();
  const store = await openFrameStore(directory, Date.now());
  for (const number of [1, 2, 3]) await store.put(frameOf(number));
  const { capturedAtMs } = frameOf(1);
  await store.put(frameOf(9, { capturedAtMs, id: { epoch: 'f'.repeat(32), sequence: 9 } }));
  await store.put(frameOf(4, { capturedAtMs: capturedAtMs + 86_400_000 }));
  await store.put(frameOf(5, { capturedAtMs: 40_000 }));
  await store.put(frameOf(6, { camera: 'shed' }));
  await store.put(frameOf(7, { camera: 'raw-10-0-0-1', id: undefined }));
  await store.recordGap(gapOf(20));
  await store.recordReport(reportOf(21));
  await store.close();
  const root = await Folder.open(directory);
  onTestFinished(() => root.close());
  for (const atMs of [1, 2]) {
    const stretch = { fromLocalMs: atMs, toLocalMs: atMs + 5 };
    const erasure = { camera: 'yard', atMs, ...stretch, why: 'asked' };
    await within(root, ['yard'], (folder) => appendErasure(folder, erasure));
  }
  return { directory, captures: new DirectoryCaptures(root) };
}

export async function makeBucket() {
  const stub = await startS3Stub();
  const makeClient = () => clientOf(stub);
  const target = await openBucketTarget(makeClient());
  return { stub, target, captures: new BucketCaptures(makeClient()), makeClient };
}

export async function makeDirectory(path = join(temporaryDirectory(), 'copy')) {
  const target = await openDirectoryTarget(path);
  onTestFinished(() => target.close());
  return { directory: path, target };
}

export async function copy(from: StoredCaptures, to: CopyTarget) {
  const faults: string[] = [];
  let bytes = 0;
  const copied = await copyCaptures(from, to, {
    onFault: (sentence) => faults.push(sentence),
    onBytes: (byteCount) => (bytes += byteCount),
  });
  return { copied, faults, bytes };
}

/** All that is copied: without the marker, which each store has for itself. */
export function contentOf(directory: string): Map<string, string> {
  const names = filesBelow(directory, { hidden: true }).filter(
    (name) => !/^\.|\.incoming|day-index/.test(name),
  );
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), 'base64')]));
}

/** Numbers that no entry has are among them. */
export const findingsOf = async (directory: string) =>
  (await verify(directory, new Map())).findings;
