import { describe, expect, it } from 'vitest';
import { Ticker } from '../../../agent/watch/ticker.js';
import { FakeClock } from '../../support/fake-clock.js';

const signal = new AbortController().signal;

describe('Ticker', () => {
  it('ticks at once, then one interval after the start of the previous tick', async () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock);
    await ticker.tick(1000, signal);
    await clock.advance(300); // the shot
    const second = ticker.tick(1000, signal);
    expect(clock.pauses).toEqual([700]);
    await clock.advance(700);
    await second;
  });

  it('skips missed ticks', async () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock);
    await ticker.tick(1000, signal);
    await clock.advance(5500);
    await ticker.tick(1000, signal); // at once
    expect(clock.pauses).toEqual([]);
    void ticker.tick(1000, signal);
    expect(clock.pauses).toEqual([1000]);
  });

  it('ends a wait when it is aborted', async () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock);
    const controller = new AbortController();
    await ticker.tick(1000, controller.signal);
    const waiting = ticker.tick(1000, controller.signal);
    controller.abort();
    await waiting;
  });
});
