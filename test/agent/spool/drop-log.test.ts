import { describe, expect, it } from 'vitest';
import { DropLog } from '../../../agent/spool/drop-log.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

describe('DropLog', () => {
  it('logs at once, then once a minute with totals', async () => {
    const clock = new FakeClock();
    const { log, lines } = keptLog();
    const report = new DropLog(log, clock);
    report.note(1, 'size');
    report.note(5, 'size');
    report.note(2, 'age');
    await clock.advance(60_000);
    report.note(1, 'size');
    expect(lines).toEqual([
      '<4>test: frames dropped frames=1 limit=--spool-max-size',
      '<4>test: frames dropped frames=7 limit=--spool-max-size',
      '<4>test: frames dropped frames=2 limit=--spool-max-age',
    ]);
  });
});
