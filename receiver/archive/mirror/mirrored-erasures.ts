/** The erasures of a camera in the mirror, as a captures directory has them: `CAMERA/erased.jsonl`. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from '../../../shared/files/if-exists.js';
import { erasuresName, lineOfErasure, readErasures } from '../../store/erasures.js';
import { erasureKey, erasuresBelow } from '../../store/s3/bucket-erasures.js';
import type { S3Client } from '../../store/s3/s3-client.js';

/** Reads those that are new. @throws {OperationalError} STORE: of the bucket; or a system error */
export async function mirrorErasures(
  client: S3Client,
  root: string,
  camera: string,
): Promise<void> {
  const path = join(root, camera, erasuresName);
  const before = (await ifExists(readFile(path, 'utf8'))) ?? '';
  const known = new Map(readErasures(before).map((each) => [erasureKey(each), each]));
  const erasures = [];
  for await (const { key } of client.list(erasuresBelow(camera))) {
    const found = known.get(key);
    if (found !== undefined) erasures.push(found);
    else erasures.push(...readErasures((await client.get(key))?.toString() ?? ''));
  }
  erasures.sort((a, b) => a.atMs - b.atMs);
  const now = erasures.map(lineOfErasure).join('');
  if (now === before) return;
  const part = join(root, camera, `.${randomUUID()}.part`);
  try {
    await writeFile(part, now, { mode: 0o600 });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
