import { describe, expect, it } from 'vitest';
import { WatchProgress } from '../../../agent/watch/watch-progress.js';
import { FakeClock } from '../../support/fake-clock.js';

function makeProgress(idleExitMs: number) {
  const clock = new FakeClock();
  const spool = { waiting: 0 };
  const waitingCount = (): number => spool.waiting;
  const isPending = (): boolean => spool.waiting > 0;
  const settings = { idleExitMs, clock, waitingCount, isPending, manager: undefined };
  const progress = new WatchProgress(settings);
  return { progress, clock, spool };
}

describe('idle exit of a watch', () => {
  it('happens after --idle-exit without a frame', async () => {
    const { progress, clock } = makeProgress(1000);
    progress.judged(true);
    await clock.advance(999);
    progress.polled(true);
    expect(progress.idle.aborted).toBe(false);
    await clock.advance(1);
    progress.polled(true);
    expect(progress.idle.aborted).toBe(true);
  });

  it('waits while a frame is being written or waits for delivery', async () => {
    const { progress, clock, spool } = makeProgress(1000);
    await clock.advance(5000);
    progress.polled(false);
    spool.waiting = 1;
    progress.polled(true);
    spool.waiting = 0;
    await clock.advance(999);
    progress.polled(true);
    expect(progress.idle.aborted).toBe(false);
    await clock.advance(1);
    progress.polled(true);
    expect(progress.idle.aborted).toBe(true);
  });

  it('never happens with 0', async () => {
    const { progress, clock } = makeProgress(0);
    await clock.advance(1_000_000);
    progress.polled(true);
    expect(progress.idle.aborted).toBe(false);
  });
});
