import { describe, expect, it } from 'vitest';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

function openLog() {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  return { clock, lines, repeating: new RepeatingErrorLog(log, clock) };
}

describe('a repeating error log', () => {
  it('writes the first failure and the recovery', () => {
    const { repeating, lines } = openLog();
    for (let failure = 0; failure < 3; failure += 1)
      repeating.failed('no camera', new Error('gone'));
    expect(repeating.failures).toBe(3);
    repeating.worked('camera is back');
    expect(repeating.failures).toBe(0);
    expect(lines).toEqual(['<4>test: no camera error=gone', '<6>test: camera is back failures=3']);
  });

  it('writes a failure again when its reason changes, and after a while', async () => {
    const { repeating, clock, lines } = openLog();
    repeating.failed('no camera', new Error('gone'));
    repeating.failed('no camera', new Error('busy'));
    await clock.advance(5 * 60_000);
    repeating.failed('no camera', new Error('busy'));
    expect(lines).toEqual([
      '<4>test: no camera error=gone',
      '<4>test: no camera error=busy times=2',
      '<4>test: no camera error=busy times=3',
    ]);
  });

  it('writes no recovery without a failure', () => {
    const { repeating, lines } = openLog();
    repeating.worked('camera is back');
    expect(lines).toEqual([]);
  });
});
