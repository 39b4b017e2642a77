/** The motion detector's results for a visit, illumination, wind and clocks, from pictures and times. */
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { makeGrid } from '../../../agent/detect/grid.js';
import { MotionDetector } from '../../../agent/detect/motion-detector.js';
import { readMask } from '../../../agent/detect/mask-png.js';
import { decodeState, encodeState } from '../../../agent/detect/kept-state.js';
import { type Cells, randomFrom, visitFrames, withVisitor, within, yard } from './pictures.js';
import { Watch, noonMs, settings, watching } from './watch.js';

const visitor: Cells = [30, 20, 5, 12];

describe('MotionDetector', () => {
  it('takes the first frame as reference', () => {
    expect(new Watch().detect(yard())).toEqual({ kind: 'first', ratio: 0, boxes: [], strength: 0 });
  });

  it('detects no change in an unchanged scene', () => {
    const watch = new Watch();
    watch.detect(yard());
    for (let frame = 0; frame < 300; frame++) {
      expect(watch.detect(yard())).toEqual({ kind: 'quiet', ratio: 0, boxes: [], strength: 0 });
    }
  });

  it('detects a visitor from the second frame on', () => {
    const watch = new Watch();
    watch.detect(yard());
    expect(watch.detect(withVisitor(yard(), visitor)).kind).toBe('change');
    expect(watch.detect(withVisitor(yard(), visitor)).kind).toBe('change');
  });

  it('needs two frames with a change at a high frame rate, so that an insect is none', () => {
    const watch = watching({ intervalMs: 200 });
    const insect = (frame: number) => withVisitor(yard(), [10 + 20 * (frame % 3), 10, 6, 3]);
    expect(watch.countChanged(30, insect)).toBe(0);
    watch.countChanged(5, () => yard());
    const walking = (frame: number) => withVisitor(yard(), [20 + 2 * frame, 20, 5, 12]);
    expect(watch.countChanged(10, walking)).toBe(9);
    watch.countChanged(5, () => yard());
    const running = (frame: number) => withVisitor(yard(), [5 + 9 * frame, 20, 5, 12]);
    expect(watch.countChanged(7, running)).toBe(6);
  });

  it('tracks a visitor of half the minimum area after a detection', () => {
    const watch = watching();
    const half: Cells = [30, 20, 2, 3];
    expect(watch.detect(withVisitor(yard(), half)).kind).toBe('quiet');
    expect(watch.detect(withVisitor(yard(), visitor)).kind).toBe('change');
    expect(watch.detect(withVisitor(yard(), half)).kind).toBe('change');
    expect(watch.detect(yard()).kind).toBe('quiet');
    expect(watch.detect(withVisitor(yard(), half)).kind).toBe('quiet');
  });

  it('gives box, ratio and strength while a visitor is in view', () => {
    const watch = watching();
    expect(watch.detect(withVisitor(yard(), visitor))).toEqual({
      kind: 'change',
      ratio: (5 * 12) / (80 * 60),
      boxes: [[240, 160, 40, 96]],
      strength: expect.any(Number) as number,
    });
    expect(watch.detect(yard()).kind).toBe('quiet');
  });

  it('gives at most 32 boxes, the largest first', () => {
    const watch = watching();
    let crowd = withVisitor(yard(), [0, 0, 20, 20]);
    for (let i = 0; i < 40; i++) {
      crowd = withVisitor(crowd, [2 + 8 * (i % 9), 24 + 7 * Math.floor(i / 9), 5, 5]);
    }
    const { boxes } = watch.detect(crowd);
    expect(boxes).toHaveLength(32);
    expect(boxes[0]).toEqual([0, 0, 160, 160]);
  });

  it('ignores regions smaller than minArea', () => {
    const bird: Cells = [40, 30, 3, 4];
    expect(watching({ minArea: 0.002 }).detect(withVisitor(yard(), bird)).kind).toBe('change');
    expect(watching({ minArea: 0.003 }).detect(withVisitor(yard(), bird)).kind).toBe('quiet');
  });

  it('ignores a single cell', () => {
    const watch = watching({ minArea: 0 });
    expect(watch.detect(withVisitor(yard(), [40, 30, 1, 1])).kind).toBe('quiet');
    expect(watch.detect(withVisitor(yard(), [40, 30, 2, 1])).kind).toBe('change');
  });

  it('detects smaller differences at a higher sensitivity', () => {
    const faint = (sensitivity: number, greys: number) =>
      watching({ sensitivity }).detect(within(yard(), visitor, (luma) => luma + greys)).kind ===
      'change';
    expect([faint(0, 16), faint(0.5, 16), faint(1, 16)]).toEqual([false, true, true]);
    expect([faint(0, 5), faint(0.5, 5), faint(1, 5)]).toEqual([false, false, true]);
  });

  it('gives as strength the largest distance divided by the threshold', () => {
    const strength = (greys: number, sensitivity = 0.5) =>
      watching({ sensitivity }).detect(within(yard(), visitor, (luma) => luma + greys)).strength;
    expect(strength(16)).toBeGreaterThan(1);
    expect(strength(64) / strength(16)).toBeCloseTo(4, 0);
    // From sensitivity 0.5 to 1 the threshold is divided by 2.5.
    expect(strength(32, 1) / strength(32)).toBeCloseTo(2.5, 1);
  });

  it('ignores masked cells, and gives the ratio of the region of interest', () => {
    const png = new PNG({ width: 80, height: 60 });
    for (let i = 0; i < 80 * 60; i++) png.data.fill(i % 80 < 40 ? 255 : 0, 4 * i, 4 * i + 3);
    for (let i = 0; i < 80 * 60; i++) png.data[4 * i + 3] = 255;
    const watch = watching({ mask: readMask(PNG.sync.write(png)) });
    expect(watch.detect(withVisitor(yard(), [50, 20, 5, 12])).kind).toBe('quiet');
    expect(watch.detect(withVisitor(yard(), [10, 20, 5, 12])).ratio).toBe(60 / (40 * 60));
  });

  it('learns nothing from a frame of which the mask excludes every cell', () => {
    const included = new Uint8Array(640 * 480);
    included[0] = 1;
    const detector = new MotionDetector({
      ...settings,
      mask: { widthPx: 640, heightPx: 480, included },
    });
    expect(() => detector.detect(yard(), noonMs)).toThrow(
      expect.objectContaining({ code: 'MASK' }),
    );
    expect(detector.state).toBeUndefined();
  });

  it('starts a new background with a frame of another size', () => {
    const watch = watching();
    const small = makeGrid(320, 240);
    expect(watch.detect(yard(small)).kind).toBe('first');
    expect(watch.detect(withVisitor(yard(small), visitor)).boxes).toEqual([[120, 80, 20, 48]]);
    expect(watch.detect(yard()).kind).toBe('first');
  });
});

describe('MotionDetector with changing illumination', () => {
  const lit = (share: number) => within(yard(), [0, 0, 80, 60], (luma) => luma * share);

  it('detects no change in dusk, at five frames a second and at one a minute', () => {
    for (const intervalMs of [200, 60_000]) {
      const watch = watching({ intervalMs });
      expect(watch.countChanged(200, (frame) => lit(1 - frame / 400))).toBe(0);
    }
  });

  it('detects no change when a cloud comes, and a visitor under the cloud', () => {
    const watch = watching();
    expect(watch.countChanged(50, () => lit(0.8))).toBe(0);
    expect(watch.detect(withVisitor(lit(0.8), visitor, 180)).kind).toBe('change');
  });

  it('detects one scene change when the camera is turned', () => {
    const watch = watching();
    const elsewhere = within(yard(), [0, 0, 80, 60], (_, column, row) => (column * row * 7) % 256);
    expect(watch.detect(elsewhere)).toMatchObject({ kind: 'scene' });
    expect(watch.countChanged(100, () => elsewhere)).toBe(0);
  });
});

describe('MotionDetector with a dynamic background', () => {
  const tree: Cells = [50, 5, 20, 25];
  const random = randomFrom(9);
  const windy = () => within(yard(), tree, (luma) => luma + 12 * (random() * 2 - 1));

  it('learns swaying leaves, and detects a visitor in front of them', () => {
    const watch = new Watch();
    watch.countChanged(100, windy);
    expect(watch.countChanged(200, windy)).toBe(0);
    expect(watch.detect(withVisitor(windy(), [55, 10, 8, 16], 255)).kind).toBe('change');
  });
});

describe('MotionDetector absorbs a stationary object', () => {
  const parked = withVisitor(yard(), visitor);

  it.each([
    [20_000, 200, 100],
    [20_000, 1000, 20],
    [60_000, 1000, 60],
  ])('after %i ms at an interval of %i ms', (absorbMs, intervalMs, least) => {
    const watch = watching({ absorbMs, intervalMs });
    const frames = watch.countChanged(3 * least, () => parked);
    expect(frames).toBeGreaterThanOrEqual(least - 1);
    expect(frames).toBeLessThan(least + 4);
  });

  it('and detects no change when the object leaves: the old background is the second mode', () => {
    const watch = watching();
    watch.countChanged(60, () => parked);
    expect(watch.countChanged(60, () => yard())).toBe(0);
    expect(watch.detect(parked).kind).toBe('quiet');
    expect(watch.detect(withVisitor(yard(), [60, 20, 5, 12])).kind).toBe('change');
  });

  it('and suppresses its ghost after a few seconds when it was there from the start', () => {
    const watch = new Watch();
    watch.countChanged(50, () => parked);
    const frames = watch.countChanged(60, () => yard());
    expect(frames).toBeGreaterThan(0);
    expect(frames).toBeLessThan(8);
  });

  it('after five frames of a slow camera', () => {
    const watch = watching({ intervalMs: 60_000 });
    expect(watch.countChanged(20, () => parked)).toBe(6);
  });

  it('but not a person who stands and moves a little', () => {
    const watch = watching();
    // The upper third changes every 7 frames.
    const standing = (frame: number) =>
      within(parked, [30, 20, 5, 4], () => 230 - 30 * (Math.floor(frame / 7) % 2));
    expect(watch.countChanged(900, standing)).toBe(900);
  });
});

describe('MotionDetector with a system clock that', () => {
  const parked = withVisitor(yard(), visitor);

  it.each([
    ['goes back an hour', -3_600_000],
    ['leaps a year ahead', 365 * 86_400_000],
  ])('%s detects the same changes', (_, leapMs) => {
    const watch = watching();
    watch.nowMs += leapMs;
    expect(watch.detect(yard()).kind).toBe('quiet');
    expect(watch.countChanged(8, () => parked)).toBe(8);
    watch.nowMs += leapMs;
    expect(watch.countChanged(8, () => parked)).toBe(8);
  });

  it('stands still detects changes', () => {
    const watch = watching({ intervalMs: 0 });
    expect(watch.countChanged(100, () => yard())).toBe(0);
    expect(watch.countChanged(20, () => parked)).toBe(19);
  });
});

describe('MotionDetector in a recorded visit', () => {
  const emptyRecorder = { state: { capturedAtMs: 0, afterLeft: 0, sinceKeptMs: 0 }, buffered: [] };
  const pictures = visitFrames.map(({ jpeg }) => decodeSmall(jpeg));
  const isVisit = visitFrames.map((frame) => frame.isVisit);

  it.each([1000, 5000, 60_000])(
    'detects a change in each frame of the visit and in no other, at an interval of %i ms',
    (intervalMs) => {
      const detector = new MotionDetector(settings);
      const detections = pictures.map((picture, i) =>
        detector.detect(picture, noonMs + i * intervalMs),
      );
      expect(detections.map(({ kind }) => kind)).toEqual(
        isVisit.map((visited, i) => (i === 0 ? 'first' : visited ? 'change' : 'quiet')),
      );
    },
  );

  it('gives the same results with a new process for each frame', () => {
    const continuous = new MotionDetector(settings);
    let kept: Buffer | undefined;
    pictures.forEach((picture, i) => {
      const decoded = kept === undefined ? undefined : decodeState(kept);
      if (typeof decoded === 'string') throw new Error(decoded);
      const detector = new MotionDetector(settings, decoded?.detector);
      const atMs = noonMs + i * 60_000;
      expect(detector.detect(picture, atMs)).toEqual(continuous.detect(picture, atMs));
      kept = encodeState({ detector: detector.state!, recorder: emptyRecorder });
    });
  });
});
