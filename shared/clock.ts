/** The clock as a port: wall time for names, monotonic time for intervals. */

export interface Clock {
  /** Wall time, milliseconds since 1970 UTC. It may jump. */
  nowMs(): number;
  /** Milliseconds since a fixed moment. It never jumps. */
  monotonicMs(): number;
  /** This machine's offset from UTC at a wall time, in minutes, east positive. */
  utcOffsetMinutes(atMs: number): number;
  /** Resolves after `ms`, or when `signal` aborts: check the signal afterwards. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node's longest timer; a longer one fires at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  utcOffsetMinutes: (atMs) => 0 - new Date(atMs).getTimezoneOffset(), // `0 -`: a plain `-` turns 0 into -0
  async sleep(ms, signal) {
    for (let leftMs = ms; leftMs > 0; leftMs -= longestTimerMs) {
      if (signal?.aborted) return;
      await sleepOnce(Math.min(leftMs, longestTimerMs), signal);
    }
  },
};

/** Not of `node:timers/promises`: an abort makes an error there, with its stack, for each frame of a stream. */
function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
