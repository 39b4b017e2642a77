/** Which lines of a flood the rate-limited log writes. */
import { describe, expect, it } from 'vitest';
import { RateLimitedLog } from '../../../receiver/limits/rate-limited-log.js';
import {
  maxTrackedLines,
  maxRepeatedLines,
  repeatWindowMs,
} from '../../../receiver/limits/receiver-limits.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

function openLog() {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  return { clock, lines, limited: new RateLimitedLog(log, clock) };
}

describe('a rate-limited log', () => {
  it('writes the first lines, counts the rest, and writes the count', async () => {
    const { limited, clock, lines } = openLog();
    const log = limited.of('10.0.0.1');
    for (let at = 1; at <= maxRepeatedLines + 5; at += 1) log.warn('closed', { at });
    expect(lines).toHaveLength(maxRepeatedLines);
    expect(lines[0]).toBe('<4>test: closed at=1');
    await clock.advance(repeatWindowMs);
    log.warn('closed', { at: 'later' });
    expect(lines.slice(maxRepeatedLines)).toEqual([
      '<4>test: repeated lines suppressed event=closed from=10.0.0.1 times=5',
      '<4>test: closed at=later',
    ]);
  });

  it('writes the counts when it is flushed', () => {
    const { limited, lines } = openLog();
    for (let at = 0; at < maxRepeatedLines + 2; at += 1) limited.of('10.0.0.1').info('here');
    limited.of('10.0.0.2').info('here');
    limited.flush();
    limited.flush();
    expect(lines.slice(-1)).toEqual([
      '<4>test: repeated lines suppressed event=here from=10.0.0.1 times=2',
    ]);
  });

  it('counts each event and each address separately, and debug lines not at all', () => {
    const { limited, lines } = openLog();
    for (let at = 0; at < 2 * maxRepeatedLines; at += 1) {
      limited.of('10.0.0.1').warn('a');
      limited.of('10.0.0.1').error('b');
      limited.of('10.0.0.2').child('part').warn('a');
      limited.of('10.0.0.1').debug('a');
    }
    const count = (line: string) => lines.filter((each) => each === line).length;
    expect([count('<4>test: a'), count('<3>test: b')]).toEqual([
      maxRepeatedLines,
      maxRepeatedLines,
    ]);
    expect(count('<7>test: a')).toBe(2 * maxRepeatedLines);
  });

  it('has a limit in memory and in lines for any number of addresses', () => {
    const { limited, lines } = openLog();
    for (let at = 0; at < 10 * maxTrackedLines; at += 1) {
      limited.of(`10.1.${at >> 8}.${at & 255}`).warn('closed');
    }
    expect(lines).toHaveLength(maxTrackedLines + maxRepeatedLines);
    limited.flush();
    const rest = 9 * maxTrackedLines - maxRepeatedLines;
    expect(lines.at(-1)).toContain(`from="many addresses" times=${rest}`);
  });
});
