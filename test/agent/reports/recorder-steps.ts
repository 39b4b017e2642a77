/** A recorder of stretches with a fake clock, and stretches as short texts. */
import { StretchRecorder } from '../../../agent/reports/stretch-recorder.js';
import type { Stretch } from '../../../agent/reports/stretch.js';

export const hourMs = 3_600_000;
/** 08:00 at the offset of the tests, one hour east of UTC. */
export const morningMs = Date.UTC(2026, 10, 22, 7);

/** `08:00:00-08:00:59 watching 60/2 pause 1s`: compared, changed. */
export function textOf(stretch: Stretch): string {
  const { fromMs, toMs, utcOffsetMinutes, state, why, compared, changed, steppedMs } = stretch;
  const time = (ms: number): string =>
    new Date(ms + utcOffsetMinutes * 60_000).toISOString().slice(11, 19);
  const { longestPauseMs, ended, skipped } = stretch;
  return [
    `${time(fromMs)}-${time(toMs)} ${state}`,
    ...(why === undefined ? [] : [`(${why})`]),
    ...(compared === 0 && changed === 0 ? [] : [`${compared}/${changed}`]),
    ...(skipped === 0 ? [] : [`skipped ${skipped}`]),
    ...(longestPauseMs === undefined ? [] : [`pause ${longestPauseMs / 1000}s`]),
    ...(steppedMs === undefined ? [] : [`stepped ${steppedMs / 1000}s`]),
    ...(ended ?? []).map(({ event, isCut }) => `ended ${event}${isCut ? ' (cut)' : ''}`),
  ].join(' ');
}

/** A recorder on clocks that a test moves. */
export function recorderAt(wallMs = morningMs, offsetAt: (atMs: number) => number = () => 60) {
  let [wall, monotonic] = [wallMs, 5000];
  const at = () => ({ wallMs: wall, monotonicMs: monotonic });
  const recorder = new StretchRecorder(offsetAt, at());
  const taken: Stretch[] = [];
  return {
    recorder,
    taken,
    at,
    pass: (ms: number): void => {
      wall += ms;
      monotonic += ms;
    },
    step: (ms: number): void => void (wall += ms),
    compare: (isChanged = false): void => recorder.compared(at(), isChanged),
    fail: (why = 'no camera'): void => recorder.failed(at(), why),
    idle: (): void => recorder.idle(at()),
    take: (): string[] => {
      const closed = recorder.take(at());
      taken.push(...closed);
      return closed.map(textOf);
    },
  };
}
