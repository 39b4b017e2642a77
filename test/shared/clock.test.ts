/** The system's clock behind the port. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../shared/clock.js';

function setTimeZone(zone: string): void {
  const before = process.env.TZ;
  onTestFinished(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
  process.env.TZ = zone;
}

describe('systemClock', () => {
  it('has wall time', () => {
    const before = Date.now();
    const now = systemClock.nowMs();
    expect(now >= before && now <= Date.now()).toBe(true);
  });

  it('has a monotonic time that does not go back', () => {
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });

  it.each([
    ['UTC', '2026-11-22T12:00:00Z', 0],
    ['Europe/Berlin', '2026-11-22T12:00:00Z', 60],
    ['Europe/Berlin', '2026-07-01T12:00:00Z', 120],
    ['America/St_Johns', '2026-11-22T12:00:00Z', -210],
  ])('has the offset of %s at %s, east positive', (zone, at, minutes) => {
    setTimeZone(zone);
    expect(systemClock.utcOffsetMinutes(Date.parse(at))).toBe(minutes);
  });

  it('wakes when the signal aborts, and does not reject', async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, controller.signal);
    controller.abort();
    await expect(sleeping).resolves.toBeUndefined();
    await expect(systemClock.sleep(3_600_000, controller.signal)).resolves.toBeUndefined();
  });

  it('sleeps longer than the longest timer of Node, which would fire at once', async () => {
    const controller = new AbortController();
    onTestFinished(() => controller.abort());
    const long = systemClock.sleep(2 ** 31, controller.signal).then(() => 'long');
    const short = systemClock.sleep(50).then(() => 'short');
    expect(await Promise.race([long, short])).toBe('short');
  });
});
