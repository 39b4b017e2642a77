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

  it('writes few lines of what fails and works in turns, and the recovery when it lasts', async () => {
    const { repeating, clock, lines } = openLog();
    const turn = async (): Promise<void> => {
      repeating.failed('no camera', new Error('gone'));
      expect(repeating.failures).toBe(1);
      await clock.advance(500);
      repeating.worked('camera is back');
      expect(repeating.failures).toBe(0);
      await clock.advance(500);
    };
    for (let turns = 0; turns < 3600; turns += 1) await turn();
    const note = '"it changes often: no further line for 5m"';
    expect(lines.slice(0, 11)).toEqual([
      ...Array.from({ length: 4 }, () => [
        '<4>test: no camera error=gone',
        '<6>test: camera is back failures=1',
      ]).flat(),
      `<4>test: no camera error=gone note=${note}`,
      `<4>test: no camera error=gone times=301 note=${note}`,
      `<4>test: no camera error=gone times=601 note=${note}`,
    ]);
    // In an hour, a line each five minutes after the first ones.
    expect(lines).toHaveLength(9 + 11);
    await clock.advance(4 * 60_000);
    repeating.worked('camera is back');
    expect(lines).toHaveLength(9 + 11);
    await clock.advance(60_000);
    repeating.worked('camera is back');
    expect(lines.slice(20)).toEqual(['<6>test: camera is back failures=3596']);
    await turn();
    expect(lines.slice(21)).toEqual([
      '<4>test: no camera error=gone',
      '<6>test: camera is back failures=1',
    ]);
  });

  it('begins again after a failure that worked meanwhile, although nobody said so', async () => {
    const { repeating, clock, lines } = openLog();
    for (let turns = 0; turns < 6; turns += 1) {
      repeating.failed('not connected', new Error('gone'));
      repeating.worked('connected');
    }
    await clock.advance(5 * 60_000);
    repeating.failed('not connected', new Error('gone'));
    repeating.worked('connected');
    expect(lines.slice(-2)).toEqual([
      '<4>test: not connected error=gone',
      '<6>test: connected failures=1',
    ]);
  });

  it('writes few lines of what fails for changing reasons', async () => {
    const { repeating, clock, lines } = openLog();
    for (let nth = 1; nth <= 600; nth += 1) {
      repeating.failed('no camera', new Error(`wrote ${nth} bytes`));
      await clock.advance(1000);
    }
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toContain('wrote 305 bytes');
  });
});
