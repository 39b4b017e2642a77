import { describe, expect, it, vi } from 'vitest';
import { IdleWatch } from '../../../receiver/listen/idle-watch.js';

async function isOver(watch: IdleWatch): Promise<boolean> {
  const not = Symbol('not over');
  return (await Promise.race([watch.over, Promise.resolve(not)])) !== not;
}

describe('an idle watch', () => {
  it('ends after the idle exit time without a connection, from the start or since the last one', async () => {
    vi.useFakeTimers();
    try {
      const watch = new IdleWatch(1000, new AbortController().signal);
      watch.note(1);
      vi.advanceTimersByTime(5000);
      expect(await isOver(watch)).toBe(false);
      watch.note(0);
      vi.advanceTimersByTime(999);
      expect(await isOver(watch)).toBe(false);
      vi.advanceTimersByTime(1);
      expect(await isOver(watch)).toBe(true);
      const unused = new IdleWatch(1000, new AbortController().signal);
      vi.advanceTimersByTime(1000);
      expect(await isOver(unused)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('with 0 ends only at the signal', async () => {
    const controller = new AbortController();
    const watch = new IdleWatch(0, controller.signal);
    watch.note(0);
    expect(await isOver(watch)).toBe(false);
    controller.abort();
    await watch.over;
  });

  it('ends at once when the signal has aborted before', async () => {
    await new IdleWatch(0, AbortSignal.abort()).over;
  });
});
