import { describe, expect, it } from 'vitest';
import { drawScene } from '../../../../agent/source/scene/scene-picture.js';

const size = { widthPx: 160, heightPx: 120 };
const draw = (seed: number, atMs: number) => drawScene({ seed, atMs, ...size });

/** Share of the pixels whose green differs by more than noise and light. */
function changedShare(one: Uint8Array, other: Uint8Array): number {
  let changed = 0;
  for (let at = 1; at < one.length; at += 4) {
    if (Math.abs(one[at]! - other[at]!) > 24) changed++;
  }
  return changed / (one.length / 4);
}

describe('drawScene', () => {
  it('draws the same picture for the same seed and moment', () => {
    const first = draw(1, 4321);
    draw(2, 4321);
    expect(draw(1, 4321)).toEqual(first);
    expect(draw(2, 4321).rgba).not.toEqual(first.rgba);
  });

  it('draws every pixel, at any size', () => {
    for (const [widthPx, heightPx] of [
      [640, 480],
      [320, 180],
      [1, 1],
    ] as const) {
      const { rgba } = drawScene({ seed: 1, atMs: 5000, widthPx, heightPx });
      expect(rgba.length).toBe(widthPx * heightPx * 4);
      expect(rgba.every((value, at) => at % 4 !== 3 || value === 255)).toBe(true);
    }
  });

  it.each([1, 2, 3, 77])('leaves the first two seconds of every ten empty with seed %i', (seed) => {
    for (let atMs = 0; atMs < 60_000; atMs += 500) {
      if (atMs % 10_000 <= 2000) expect(draw(seed, atMs).isVisited).toBe(false);
    }
  });

  it('is visited in every ten seconds, two fifths of the time', () => {
    const visits: boolean[] = [];
    for (let atMs = 0; atMs < 400_000; atMs += 500) visits.push(draw(5, atMs).isVisited);
    expect(visits.filter(Boolean).length / visits.length).toBeGreaterThan(0.35);
    expect(visits.filter(Boolean).length / visits.length).toBeLessThan(0.5);
    for (let at = 0; at < visits.length; at += 20)
      expect(visits.slice(at, at + 20)).toContain(true);
  });

  it('differs from the empty yard while a visitor is in view, and hardly otherwise', () => {
    for (const seed of [1, 2, 3]) {
      const empty = draw(seed, 0).rgba;
      let mostVisited = 0;
      let mostEmpty = 0;
      for (let atMs = 0; atMs < 10_000; atMs += 250) {
        const { rgba, isVisited } = draw(seed, atMs);
        const share = changedShare(empty, rgba);
        if (isVisited) mostVisited = Math.max(mostVisited, share);
        else mostEmpty = Math.max(mostEmpty, share);
      }
      expect(mostVisited).toBeGreaterThan(0.01);
      expect(mostEmpty).toBeLessThan(0.004);
    }
  });

  it('has the noise of a decent webcam', () => {
    // A piece of the wall; one millisecond moves neither tree nor light.
    const [one, other] = [draw(1, 1000).rgba, draw(1, 1001).rgba];
    let squares = 0;
    let count = 0;
    for (let row = 25; row < 60; row++) {
      for (let column = 2; column < 6; column++, count++) {
        const at = (row * size.widthPx + column) * 4;
        squares += (one[at]! - other[at]!) ** 2;
      }
    }
    const sigma = Math.sqrt(squares / count / 2);
    expect(sigma).toBeGreaterThan(1.5);
    expect(sigma).toBeLessThan(2.5);
  });

  it('drifts in brightness, slowly and within bounds', () => {
    const brightness = (atMs: number): number => {
      const { rgba } = draw(1, atMs);
      return rgba.reduce((sum, value) => sum + value, 0) / rgba.length;
    };
    const levels = Array.from({ length: 6 }, (_, n) => brightness(n * 10_000));
    const spread = Math.max(...levels) / Math.min(...levels);
    expect(spread).toBeGreaterThan(1.01);
    expect(spread).toBeLessThan(1.1);
    expect(Math.abs(brightness(1000) / brightness(0) - 1)).toBeLessThan(0.01);
  });
});
