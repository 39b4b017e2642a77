/** Erasures that cannot be read: frames that were erased by them may be stored again. */
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { within } from '../../archive/captures-reader.js';
import { erasuresIn, unreadableText } from '../../store/erasures.js';
import { Folder } from '../../store/folder.js';
import { unreadableErasures } from '../../store/s3/bucket-erasures.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { describeError } from '../../../shared/cli/errors.js';

const fix =
  'put it back from a copy, or erase the stretch again (receiver erase); then remove what cannot be read';

/** Of a captures directory. @throws a system error: it cannot be opened */
export async function erasureFindings(
  directory: string,
  cameras: readonly string[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const root = await Folder.open(directory);
  try {
    for (const camera of cameras) {
      try {
        const lines = (await within(root, [camera], erasuresIn))?.unreadable ?? [];
        if (lines.length > 0) findings.push(found(unreadableText(camera, lines)));
      } catch (error) {
        const what = `cannot read the erasures of ${camera}: ${describeError(error)}`;
        findings.push(finding('erased', 'warning', what, "let the receiver's user read it"));
      }
    }
  } finally {
    await root.close();
  }
  return findings;
}

/** Of a bucket. @throws {OperationalError} STORE */
export async function erasureFindingsOf(client: S3Client): Promise<readonly Finding[]> {
  return (await unreadableErasures(client)).map((key) => found(client.place(key)));
}

const found = (what: string): Finding =>
  finding('erased', 'fault', `${what}: no erasure, so erased frames may be stored again`, fix);
