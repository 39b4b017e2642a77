import { describe, expect, it } from 'vitest';
import { Ticker } from '../../../agent/watch/ticker.js';
import { FakeClock } from '../../support/fake-clock.js';

const signal = new AbortController().signal;

describe('a pace', () => {
  it('gives the first turn at once and the next an interval after its start', async () => {
    const clock = new FakeClock();
    const pace = new Ticker(clock, 1000);
    await pace.tick(signal);
    await clock.advance(300); // the shot
    const second = pace.tick(signal);
    expect(clock.pauses).toEqual([700]);
    await clock.advance(700);
    await second;
  });

  it('does not make up for turns that were missed', async () => {
    const clock = new FakeClock();
    const pace = new Ticker(clock, 1000);
    await pace.tick(signal);
    await clock.advance(5500);
    await pace.tick(signal); // at once
    expect(clock.pauses).toEqual([]);
    void pace.tick(signal);
    expect(clock.pauses).toEqual([1000]);
  });

  it('ends a wait when it is aborted', async () => {
    const clock = new FakeClock();
    const pace = new Ticker(clock, 1000);
    const controller = new AbortController();
    await pace.tick(controller.signal);
    const waiting = pace.tick(controller.signal);
    controller.abort();
    await waiting;
  });
});
