import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../agent/events/verdict.js';
import { EventLog } from '../../../agent/watch/event-log.js';
import { keptLog } from '../../support/log.js';

const change: Verdict = {
  changed: true,
  event: '1000',
  reason: 'change',
  ratio: 0.1,
  boxes: [],
  strength: 2,
};
const quiet: Verdict = {
  changed: false,
  event: undefined,
  reason: undefined,
  ratio: 0,
  boxes: [],
  strength: 0,
};

function judge(log: EventLog, seconds: number, verdict: Verdict): void {
  const frame = { jpeg: Buffer.alloc(0), capturedAtMs: seconds * 1000, origin: 'a test' };
  log.judged({ frame, verdict });
}

describe('lines for events', () => {
  it('says when an event begins, and when it has ended, how long it was', () => {
    const { log, lines } = keptLog();
    const events = new EventLog(10_000, log);
    judge(events, 0, quiet);
    judge(events, 1, change);
    judge(events, 5, change);
    judge(events, 14, quiet);
    expect(lines).toHaveLength(1);
    judge(events, 15, quiet);
    judge(events, 16, { ...change, event: '16000' });
    events.finish();
    expect(lines).toEqual([
      expect.stringMatching(/event begins event=1000$/) as string,
      expect.stringMatching(/event ended event=1000 lasted=4s frames=2$/) as string,
      expect.stringMatching(/event begins event=16000$/) as string,
      expect.stringMatching(/event ended event=16000 lasted=0s? frames=1$/) as string,
    ]);
  });
});
