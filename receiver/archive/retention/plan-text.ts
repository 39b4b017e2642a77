/** Prints what a sweep would delete, and why. Pure. */
import { counted, humanSize } from '../../../shared/cli/humanize.js';
import type { SweepPlan } from './plan.js';

/** A line for each day and reason, then the sums. */
export function planText({ parts, frameCount, diskBytes, shortBytes }: SweepPlan): string {
  const lines = parts.flatMap(({ day, counts }) =>
    [...counts].map(([why, { frames, byteCount, fromMs, toMs }]) => {
      const size = `${counted(frames, 'frame')}, ${humanSize(byteCount)}`;
      return `${day.path}: ${size}, ${iso(fromMs)} to ${iso(toMs)}: ${why}`;
    }),
  );
  const sum =
    frameCount === 0
      ? 'nothing is beyond the limits'
      : `${counted(frameCount, 'frame')} in all, ${humanSize(diskBytes)} on the disk`;
  return [...lines, sum, ...shortLines(shortBytes)].map((line) => `${line}\n`).join('');
}

/** What stays above a limit. */
export function shortLines({ ofCamera, ofAll, ofDisk }: SweepPlan['shortBytes']): string[] {
  const rest = 'and nothing is left to delete: what is kept stays';
  return [
    ...[...ofCamera].map(([camera, bytes]) => `${camera}: ${humanSize(bytes)} too much, ${rest}`),
    ...(ofAll > 0 ? [`all cameras: ${humanSize(ofAll)} too much, ${rest}`] : []),
    ...(ofDisk > 0 ? [`the disk: ${humanSize(ofDisk)} too little free, ${rest}`] : []),
  ];
}

export function planJson({ parts, frameCount, diskBytes, shortBytes }: SweepPlan): object {
  return {
    days: parts.flatMap(({ day, counts }) =>
      [...counts].map(([why, count]) => ({ camera: day.camera, day: day.path, why, ...count })),
    ),
    ...{ frames: frameCount, diskBytes },
    short: { ...shortBytes, ofCamera: Object.fromEntries(shortBytes.ofCamera) },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
