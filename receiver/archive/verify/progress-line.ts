/** A line of progress on a terminal: percent, speed, time left. Pure. */
import { humanDuration, humanSize } from '../../../shared/cli/humanize.js';

const cells = 20;

export interface ProgressFacts {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly elapsedMs: number;
}

/** `[#####               ]  25%  1.2 GB of 4.8 GB  310 MB/s  12 s left` */
export function progressLine({ doneBytes, totalBytes, elapsedMs }: ProgressFacts): string {
  // Files that arrive meanwhile are not in the total.
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const full = Math.floor(share * cells);
  const bar = `[${'#'.repeat(full)}${' '.repeat(cells - full)}]`;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const bytesPerMs = doneBytes / Math.max(1, elapsedMs);
  const left =
    share > 0 && share < 1 ? `  ${humanDuration((elapsedMs / share) * (1 - share))} left` : '';
  return `${bar} ${percent}  ${humanSize(doneBytes)} of ${humanSize(totalBytes)}  ${humanSize(bytesPerMs * 1000)}/s${left}`;
}
