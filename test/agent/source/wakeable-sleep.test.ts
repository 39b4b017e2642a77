import { describe, expect, it } from 'vitest';
import { WakeableSleep } from '../../../agent/source/wakeable-sleep.js';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { FakeClock } from '../../support/fake-clock.js';

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
      monotonicMs: () => 0,
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

  it('needs one timer for many sleeps that are woken, and lasts until the last of them is due', async () => {
    const clock = new FakeClock();
    const sleeper = new WakeableSleep();
    for (let frame = 0; frame < 5; frame += 1) {
      const sleep = sleeper.sleep(1000, clock, forever);
      sleeper.wake();
      await sleep;
      await clock.advance(100);
    }
    expect(clock.pauses).toEqual([1000]);
    let isOver = false;
    const last = sleeper.sleep(1000, clock, forever).then(() => (isOver = true));
    // The first timer ends after half of it, and a second one begins.
    await clock.advance(500);
    await clock.advance(499);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await last;
    expect(clock.pauses).toEqual([1000, 500]);
  });

  it('takes a timer of its own where the running one ends too late', async () => {
    const clock = new FakeClock();
    const sleeper = new WakeableSleep();
    const long = sleeper.sleep(hourMs, clock, forever);
    sleeper.wake();
    await long;
    const short = sleeper.sleep(1000, clock, forever);
    await clock.advance(1000);
    await expect(short).resolves.toBeUndefined();
    expect(clock.pauses).toEqual([hourMs, 1000]);
  });

  it('leaves no timer behind', async () => {
    const clock = new FakeClock();
    const sleeper = new WakeableSleep();
    const stops: (AbortSignal | undefined)[] = [];
    const spied: Clock = {
      ...systemClock,
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms: number, signal?: AbortSignal) => {
        stops.push(signal);
        return clock.sleep(ms, signal);
      },
    };
    const sleep = sleeper.sleep(1000, spied, forever);
    sleeper.wake();
    await sleep;
    sleeper.endTimer();
    expect(stops.map((signal) => signal?.aborted)).toEqual([true]);
  });
});
