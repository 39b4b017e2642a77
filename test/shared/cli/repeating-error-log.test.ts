import { describe, expect, it } from 'vitest';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

function makeTrouble() {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  return { clock, lines, trouble: new RepeatingErrorLog(log, clock) };
}

describe('trouble', () => {
  it('is told when it begins and when it ends', () => {
    const { trouble, lines } = makeTrouble();
    for (let failure = 0; failure < 3; failure += 1) trouble.failed('no camera', new Error('gone'));
    expect(trouble.failures).toBe(3);
    trouble.worked('camera is back');
    expect(trouble.failures).toBe(0);
    expect(lines).toEqual(['<4>test: no camera error=gone', '<6>test: camera is back failures=3']);
  });

  it('is told again when its reason changes, and after a while', async () => {
    const { trouble, clock, lines } = makeTrouble();
    trouble.failed('no camera', new Error('gone'));
    trouble.failed('no camera', new Error('busy'));
    await clock.advance(5 * 60_000);
    trouble.failed('no camera', new Error('busy'));
    expect(lines).toEqual([
      '<4>test: no camera error=gone',
      '<4>test: no camera error=busy times=2',
      '<4>test: no camera error=busy times=3',
    ]);
  });

  it('that never was, ends without a word', () => {
    const { trouble, lines } = makeTrouble();
    trouble.worked('camera is back');
    expect(lines).toEqual([]);
  });
});
