import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { openScene } from '../../../../agent/source/scene/scene.js';
import { drawScene } from '../../../../agent/source/scene/scene-picture.js';
import { systemClock } from '../../../../shared/clock.js';
import { findJpegDamage } from '../../../../shared/jpeg/splitter.js';

const signal = new AbortController().signal;

describe('openScene', () => {
  it('returns complete JPEGs of 640×480 with the time of the clock', async () => {
    const clock = { ...systemClock, nowMs: () => 1_700_000_000_123 };
    const source = openScene({ seed: 1, clock });
    const frame = await source.next(signal);
    expect(findJpegDamage(frame.jpeg)).toBeUndefined();
    expect(jpeg.decode(frame.jpeg)).toMatchObject({ width: 640, height: 480 });
    expect(frame).toMatchObject({ capturedAtMs: 1_700_000_000_123, origin: 'scene 1' });
    expect(source.pace).toBe('shots');
    await source.close();
  });

  it('shows the scene at the time since it was opened', async () => {
    let nowMs = 5_000_000;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const source = openScene({ seed: 4, clock, widthPx: 160, heightPx: 120 });
    nowMs += 4500;
    const shown = jpeg.decode((await source.next(signal)).jpeg).data;
    const { rgba } = drawScene({ seed: 4, atMs: 4500, widthPx: 160, heightPx: 120 });
    const distance = shown.reduce((sum, value, at) => sum + Math.abs(value - rgba[at]!), 0);
    expect(distance / rgba.length).toBeLessThan(6);
  });

  it('shows the scene at a given time', async () => {
    const settings = { seed: 4, clock: systemClock, widthPx: 160, heightPx: 120 };
    const sceneTimeMs = () => 1_700_000_004_500;
    const [one, other] = await Promise.all([
      openScene({ ...settings, sceneTimeMs }).next(signal),
      openScene({ ...settings, sceneTimeMs }).next(signal),
    ]);
    expect(one.jpeg.equals(other.jpeg)).toBe(true);
    const later = await openScene({ ...settings, sceneTimeMs: () => 4500 }).next(signal);
    expect(later.jpeg.equals(one.jpeg)).toBe(false);
  });

  it('rejects with the reason of its signal', async () => {
    const reason = new Error('enough');
    const source = openScene({ seed: 1, clock: systemClock });
    await expect(source.next(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
