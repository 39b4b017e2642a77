import { describe, expect, it } from 'vitest';
import type { Decided } from '../../../agent/events/event-recorder.js';
import type { CapturedFrame } from '../../../agent/source/frame-source.js';
import { WatchProgress } from '../../../agent/watch/watch-progress.js';
import { FakeClock } from '../../support/fake-clock.js';

const decided: Decided<CapturedFrame> = {
  frame: { jpeg: Buffer.from('x'), capturedAtMs: 0, origin: 'a test' },
  verdict: {
    changed: true,
    event: 'e1',
    reason: 'change',
    ratio: 0.1,
    boxes: [],
    strength: 2,
  },
};

function makeProgress(idleExitMs: number) {
  const clock = new FakeClock();
  const spools = { waitingCount: 0 };
  const delivery = { isPending: false };
  const uplinks = { why: undefined };
  const progress = new WatchProgress({
    ...{ idleExitMs, clock, spools, delivery, uplinks },
    manager: undefined,
  });
  return { progress, clock, delivery };
}

describe('idle exit of a watch', () => {
  it('happens after --idle-exit without a frame', async () => {
    const { progress, clock } = makeProgress(1000);
    progress.judged(decided);
    await clock.advance(999);
    progress.polled(true, true);
    expect(progress.idle.aborted).toBe(false);
    await clock.advance(1);
    progress.polled(true, true);
    expect(progress.idle.aborted).toBe(true);
  });

  it('waits while a frame is being written or waits for delivery', async () => {
    const { progress, clock, delivery } = makeProgress(1000);
    await clock.advance(5000);
    progress.polled(false, true);
    delivery.isPending = true;
    progress.polled(true, true);
    delivery.isPending = false;
    await clock.advance(999);
    progress.polled(true, true);
    expect(progress.idle.aborted).toBe(false);
    await clock.advance(1);
    progress.polled(true, true);
    expect(progress.idle.aborted).toBe(true);
  });

  it('never happens with 0', async () => {
    const { progress, clock } = makeProgress(0);
    await clock.advance(1_000_000);
    progress.polled(true, true);
    expect(progress.idle.aborted).toBe(false);
  });
});
