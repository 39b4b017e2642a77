import { describe, expect, it } from 'vitest';
import { SpoolLog } from '../../../agent/spool/spool-log.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

describe('SpoolLog', () => {
  it('counts the failures of each operation apart, and logs its recovery once', () => {
    const { log, lines } = keptLog();
    const report = new SpoolLog(log, new FakeClock());
    const full = new Error('the disk is full');
    report.failed('cannot write', full);
    report.failed('cannot write', full);
    report.failed('cannot read', full);
    report.worked('cannot write', 'writing works again');
    report.worked('cannot write', 'writing works again');
    report.worked('cannot remove', 'removing works again');
    expect(lines).toEqual([
      '<4>test: cannot write error="the disk is full"',
      '<4>test: cannot read error="the disk is full"',
      '<6>test: writing works again failures=2',
    ]);
  });
});
