/** A report states how many frames wait in the spool, and since when the oldest of them does. */
import { describe, expect, it } from 'vitest';
import { CameraDay, minuteMs } from './camera-day.js';

describe('frames that wait', () => {
  it('are stated with the capture of the oldest, also after a restart, until they are sent', async () => {
    const day = new CameraDay();
    await day.start();
    await day.watch(minuteMs);
    await day.pass(5000);
    const oldestMs = day.clock.nowMs();
    await day.frame('visitor');
    await day.watch(5 * minuteMs, 'visitor');
    await day.kill();
    await day.start();
    await day.watch(minuteMs);
    await day.link(true);
    const whileCut = day.received.map(({ header }) => header);
    expect(whileCut.at(-1)).toMatchObject({ waiting: 4, oldestWaitingMs: oldestMs });
    await day.watch(2 * minuteMs);
    const last = day.received.at(-1)?.header;
    expect(last).toMatchObject({ waiting: 0 });
    expect(last?.oldestWaitingMs).toBeUndefined();
  });
});
