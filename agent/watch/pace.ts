/** How long a watch waits from one frame to the next. Pure. */
import type { Pace } from '../source/frame-source.js';
import type { SourceChoice } from '../source/source-choice.js';

/** Between shots, where `--interval` is not given. */
const shotIntervalMs = 1000;

/** @param givenMs `--interval`; undefined: it is not given */
export function intervalAt(pace: Pace, givenMs: number | undefined): number {
  if (pace === 'files') return 0;
  return givenMs ?? (pace === 'stream' ? 0 : shotIntervalMs);
}

/** What is known of the interval before the source has given a frame: the longest that it can be. */
export function longestIntervalMs({
  source,
  interval,
}: {
  readonly source: SourceChoice;
  readonly interval: number | undefined;
}): number {
  const isStream = source.kind === 'command' || source.kind === 'rtsp';
  return intervalAt(isStream ? 'stream' : 'shots', interval);
}
