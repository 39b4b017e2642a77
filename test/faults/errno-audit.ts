/** What must hold after a disk has failed for a while, beside what always must. Pure. */
import type { Tally } from './camera.js';
import type { SpoolContents } from './inventory.js';

/**
 * @param put what the camera made, by SHA-256
 * @param droppedCount frames that were recorded as dropped
 * @returns a sentence for each thing that was taken for final and is not
 */
export function auditDiskFaults(
  { rejected }: SpoolContents,
  put: Tally,
  droppedCount: number,
): string[] {
  const whole = rejected.map(({ sha256 }) => sha256).filter((sha256) => put.has(sha256));
  return [
    ...(whole.length > 0 ? [`${whole.length} frames set aside, though whole: ${whole[0]}`] : []),
    // No fault lasts for so long that memory is full.
    ...(droppedCount > 0 ? [`${droppedCount} frames dropped, though there was room for them`] : []),
  ];
}
