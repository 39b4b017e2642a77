import { describe, expect, it } from 'vitest';
import { WakeableSleep } from '../../../agent/source/wakeable-sleep.js';
import { systemClock } from '../../../shared/clock.js';

const forever = new AbortController().signal;
const hourMs = 3_600_000;

describe('Bell', () => {
  it('ends the sleep in hand when it is rung', async () => {
    const bell = new WakeableSleep();
    const sleep = bell.sleep(hourMs, systemClock, forever);
    bell.wake();
    await expect(sleep).resolves.toBeUndefined();
  });

  it('does not forget a ring that came before the sleep, nor count it twice', async () => {
    const bell = new WakeableSleep();
    bell.wake();
    await bell.sleep(hourMs, systemClock, forever);
    const sleeps: number[] = [];
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => {
        sleeps.push(signal?.aborted ? 0 : ms);
        return Promise.resolve();
      },
    };
    await bell.sleep(7, clock, forever);
    expect(sleeps).toEqual([7]);
  });

  it('ends when the signal aborts and is usable again', async () => {
    const bell = new WakeableSleep();
    const controller = new AbortController();
    const sleep = bell.sleep(hourMs, systemClock, controller.signal);
    controller.abort();
    await sleep;
    await bell.sleep(hourMs, systemClock, controller.signal);
    await bell.sleep(0, systemClock, forever);
  });
});
