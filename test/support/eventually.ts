/** Polls a condition every 20 ms until it holds; fails after a generous deadline. */
import { setTimeout as delay } from 'node:timers/promises';

export async function eventually<T>(
  poll: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  deadlineMs = 120_000,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const result = await poll();
    if (result !== undefined && result !== false) return result;
    if (performance.now() - start > deadlineMs) throw new Error(`did not happen: ${what}`);
    await delay(20);
  }
}
