/** Waits until something holds: looks again every few milliseconds, gives up long after it should have. */
import { setTimeout as delay } from 'node:timers/promises';

export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  deadlineMs = 30_000,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() - start > deadlineMs) throw new Error(`did not happen: ${what}`);
    await delay(20);
  }
}
