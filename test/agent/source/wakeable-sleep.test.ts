import { describe, expect, it } from 'vitest';
import { WakeableSleep } from '../../../agent/source/wakeable-sleep.js';
import { systemClock } from '../../../shared/clock.js';

const forever = new AbortController().signal;
const hourMs = 3_600_000;

describe('WakeableSleep', () => {
  it('ends the current sleep at wake', async () => {
    const sleeper = new WakeableSleep();
    const sleep = sleeper.sleep(hourMs, systemClock, forever);
    sleeper.wake();
    await expect(sleep).resolves.toBeUndefined();
  });

  it('applies a wake before the sleep to the next sleep only', async () => {
    const sleeper = new WakeableSleep();
    sleeper.wake();
    await sleeper.sleep(hourMs, systemClock, forever);
    const sleeps: number[] = [];
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => {
        sleeps.push(signal?.aborted ? 0 : ms);
        return Promise.resolve();
      },
    };
    await sleeper.sleep(7, clock, forever);
    expect(sleeps).toEqual([7]);
  });

  it('ends when the signal aborts and is usable again', async () => {
    const sleeper = new WakeableSleep();
    const controller = new AbortController();
    const sleep = sleeper.sleep(hourMs, systemClock, controller.signal);
    controller.abort();
    await sleep;
    await sleeper.sleep(hourMs, systemClock, controller.signal);
    await sleeper.sleep(0, systemClock, forever);
  });
});
