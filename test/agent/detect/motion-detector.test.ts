/** What the judge says of a visit, of light, of wind, and of clocks; pictures and times are all it is given. */
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { type SmallPicture, makeGrid } from '../../../agent/detect/grid.js';
import { MotionDetector, type DetectorSettings } from '../../../agent/detect/motion-detector.js';
import { readMask } from '../../../agent/detect/mask-png.js';
import { decodeState, encodeState } from '../../../agent/detect/kept-state.js';
import type { Detection } from '../../../agent/events/verdict.js';
import {
  type Cells,
  randomFrom,
  visitFrames,
  withNoise,
  withVisitor,
  within,
  yard,
} from './pictures.js';

const settings: DetectorSettings = {
  sensitivity: 0.5,
  minArea: 0.002,
  absorbMs: 20_000,
};
const noonMs = Date.UTC(2026, 10, 22, 12);
const visitor: Cells = [30, 20, 5, 12];
const isChanged = ({ kind }: Detection): boolean => kind === 'change' || kind === 'scene';

/** A detector with a camera: each `look` is a frame, `intervalMs` after the one before. */
class Watch {
  readonly detector: MotionDetector;
  readonly intervalMs: number;
  nowMs = noonMs;
  #seed = 1;

  constructor({
    intervalMs = 1000,
    ...changed
  }: Partial<DetectorSettings & { intervalMs: number }> = {}) {
    this.detector = new MotionDetector({ ...settings, ...changed });
    this.intervalMs = intervalMs;
  }

  look(picture: SmallPicture) {
    this.nowMs += this.intervalMs;
    return this.detector.detect(withNoise(picture, this.#seed++), this.nowMs);
  }

  /** The same scene many times; @returns how many of the frames were changed */
  countChanged(frames: number, scene: (frame: number) => SmallPicture): number {
    let count = 0;
    for (let frame = 0; frame < frames; frame++) if (isChanged(this.look(scene(frame)))) count += 1;
    return count;
  }
}

/** A watch that has seen the empty yard for a while. */
function watching(changed?: ConstructorParameters<typeof Watch>[0]): Watch {
  const watch = new Watch(changed);
  watch.countChanged(50, () => yard());
  return watch;
}

describe('the judge', () => {
  it('takes the first frame for what belongs there', () => {
    expect(new Watch().look(yard())).toEqual({ kind: 'first', ratio: 0, boxes: [], strength: 0 });
  });

  it('says nothing of what stays as it was', () => {
    const watch = new Watch();
    watch.look(yard());
    for (let frame = 0; frame < 300; frame++) {
      expect(watch.look(yard())).toEqual({ kind: 'quiet', ratio: 0, boxes: [], strength: 0 });
    }
  });

  it('sees somebody from the second frame on', () => {
    const watch = new Watch();
    watch.look(yard());
    expect(watch.look(withVisitor(yard(), visitor)).kind).toBe('change');
    expect(watch.look(withVisitor(yard(), visitor)).kind).toBe('change');
  });

  it('sees at many frames a second what is there in two of them, not an insect', () => {
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

  it('goes on seeing half of what it saw a frame ago', () => {
    const watch = watching();
    const half: Cells = [30, 20, 2, 3];
    expect(watch.look(withVisitor(yard(), half)).kind).toBe('quiet');
    expect(watch.look(withVisitor(yard(), visitor)).kind).toBe('change');
    expect(watch.look(withVisitor(yard(), half)).kind).toBe('change');
    expect(watch.look(yard()).kind).toBe('quiet');
    expect(watch.look(withVisitor(yard(), half)).kind).toBe('quiet');
  });

  it('says where, how much and how clearly, until nobody is there', () => {
    const watch = watching();
    expect(watch.look(withVisitor(yard(), visitor))).toEqual({
      kind: 'change',
      ratio: (5 * 12) / (80 * 60),
      boxes: [[240, 160, 40, 96]],
      strength: expect.any(Number) as number,
    });
    expect(watch.look(yard()).kind).toBe('quiet');
  });

  it('names at most 32 boxes, the largest first', () => {
    const watch = watching();
    let crowd = withVisitor(yard(), [0, 0, 20, 20]);
    for (let i = 0; i < 40; i++) {
      crowd = withVisitor(crowd, [2 + 8 * (i % 9), 24 + 7 * Math.floor(i / 9), 5, 5]);
    }
    const { boxes } = watch.look(crowd);
    expect(boxes).toHaveLength(32);
    expect(boxes[0]).toEqual([0, 0, 160, 160]);
  });

  it('passes over what is smaller than the least area', () => {
    const bird: Cells = [40, 30, 3, 4];
    expect(watching({ minArea: 0.002 }).look(withVisitor(yard(), bird)).kind).toBe('change');
    expect(watching({ minArea: 0.003 }).look(withVisitor(yard(), bird)).kind).toBe('quiet');
  });

  it('never takes a single cell for a change', () => {
    const watch = watching({ minArea: 0 });
    expect(watch.look(withVisitor(yard(), [40, 30, 1, 1])).kind).toBe('quiet');
    expect(watch.look(withVisitor(yard(), [40, 30, 2, 1])).kind).toBe('change');
  });

  it('sees fainter things the more sensitive it is', () => {
    const faint = (sensitivity: number, greys: number) =>
      watching({ sensitivity }).look(within(yard(), visitor, (luma) => luma + greys)).kind ===
      'change';
    expect([faint(0, 16), faint(0.5, 16), faint(1, 16)]).toEqual([false, true, true]);
    expect([faint(0, 5), faint(0.5, 5), faint(1, 5)]).toEqual([false, false, true]);
  });

  it('says how far beyond what the sensitivity asks the strongest place lies', () => {
    const strength = (greys: number, sensitivity = 0.5) =>
      watching({ sensitivity }).look(within(yard(), visitor, (luma) => luma + greys)).strength;
    expect(strength(16)).toBeGreaterThan(1);
    expect(strength(64) / strength(16)).toBeCloseTo(4, 0);
    // From the middle to the most sensitive, the limit shrinks to two fifths.
    expect(strength(32, 1) / strength(32)).toBeCloseTo(2.5, 1);
  });

  it('leaves out what is under the mask, and gives the ratio of the rest', () => {
    const png = new PNG({ width: 80, height: 60 });
    for (let i = 0; i < 80 * 60; i++) png.data.fill(i % 80 < 40 ? 255 : 0, 4 * i, 4 * i + 3);
    for (let i = 0; i < 80 * 60; i++) png.data[4 * i + 3] = 255;
    const watch = watching({ mask: readMask(PNG.sync.write(png)) });
    expect(watch.look(withVisitor(yard(), [50, 20, 5, 12])).kind).toBe('quiet');
    expect(watch.look(withVisitor(yard(), [10, 20, 5, 12])).ratio).toBe(60 / (40 * 60));
  });

  it('learns nothing from a frame for which its mask is of no use', () => {
    const look = new Uint8Array(640 * 480);
    look[0] = 1;
    const detector = new MotionDetector({
      ...settings,
      mask: { widthPx: 640, heightPx: 480, look },
    });
    expect(() => detector.detect(yard(), noonMs)).toThrow(
      expect.objectContaining({ code: 'MASK' }),
    );
    expect(detector.state).toBeUndefined();
  });

  it('starts afresh with a frame of another size', () => {
    const watch = watching();
    const small = makeGrid(320, 240);
    expect(watch.look(yard(small)).kind).toBe('first');
    expect(watch.look(withVisitor(yard(small), visitor)).boxes).toEqual([[120, 80, 20, 48]]);
    expect(watch.look(yard()).kind).toBe('first');
  });
});

describe('light', () => {
  const lit = (share: number) => within(yard(), [0, 0, 80, 60], (luma) => luma * share);

  it('that fades like dusk is no change, at five frames a second and at one a minute', () => {
    for (const intervalMs of [200, 60_000]) {
      const watch = watching({ intervalMs });
      expect(watch.countChanged(200, (frame) => lit(1 - frame / 400))).toBe(0);
    }
  });

  it('that a cloud takes at once is no change, and somebody under the cloud is', () => {
    const watch = watching();
    expect(watch.countChanged(50, () => lit(0.8))).toBe(0);
    expect(watch.look(withVisitor(lit(0.8), visitor, 180)).kind).toBe('change');
  });

  it('or a camera turned elsewhere is one change, then the new normal', () => {
    const watch = watching();
    const elsewhere = within(yard(), [0, 0, 80, 60], (_, column, row) => (column * row * 7) % 256);
    expect(watch.look(elsewhere)).toMatchObject({ kind: 'scene' });
    expect(watch.countChanged(100, () => elsewhere)).toBe(0);
  });
});

describe('a place that is never still', () => {
  const tree: Cells = [50, 5, 20, 25];
  const random = randomFrom(9);
  const windy = () => within(yard(), tree, (luma) => luma + 12 * (random() * 2 - 1));

  it('is learned, and somebody in front of it is seen', () => {
    const watch = new Watch();
    watch.countChanged(100, windy);
    expect(watch.countChanged(200, windy)).toBe(0);
    expect(watch.look(withVisitor(windy(), [55, 10, 8, 16], 255)).kind).toBe('change');
  });
});

describe('what stays', () => {
  const parked = withVisitor(yard(), visitor);

  it.each([
    [20_000, 200, 100],
    [20_000, 1000, 20],
    [60_000, 1000, 60],
  ])('still for %i ms, a frame each %i ms, belongs to the scene', (absorbMs, intervalMs, least) => {
    const watch = watching({ absorbMs, intervalMs });
    const frames = watch.countChanged(3 * least, () => parked);
    expect(frames).toBeGreaterThanOrEqual(least - 1);
    expect(frames).toBeLessThan(least + 4);
  });

  it('and then goes, uncovers what was known: no change', () => {
    const watch = watching();
    watch.countChanged(60, () => parked);
    expect(watch.countChanged(60, () => yard())).toBe(0);
    expect(watch.look(parked).kind).toBe('quiet');
    expect(watch.look(withVisitor(yard(), [60, 20, 5, 12])).kind).toBe('change');
  });

  it('was there from the start and goes, is one change of a few seconds', () => {
    const watch = new Watch();
    watch.countChanged(50, () => parked);
    const frames = watch.countChanged(60, () => yard());
    expect(frames).toBeGreaterThan(0);
    expect(frames).toBeLessThan(8);
  });

  it('without moving belongs to the scene after a few frames of a slow camera', () => {
    const watch = watching({ intervalMs: 60_000 });
    expect(watch.countChanged(20, () => parked)).toBe(6);
  });

  it('and moves a little, as somebody who stands does, goes on counting', () => {
    const watch = watching();
    // The upper third turns now and then.
    const standing = (frame: number) =>
      within(parked, [30, 20, 5, 4], () => 230 - 30 * (Math.floor(frame / 7) % 2));
    expect(watch.countChanged(900, standing)).toBe(900);
  });
});

describe('a clock that', () => {
  const parked = withVisitor(yard(), visitor);

  it.each([
    ['goes back an hour', -3_600_000],
    ['leaps a year ahead', 365 * 86_400_000],
  ])('%s neither makes a change nor hides one', (_, leapMs) => {
    const watch = watching();
    watch.nowMs += leapMs;
    expect(watch.look(yard()).kind).toBe('quiet');
    expect(watch.countChanged(8, () => parked)).toBe(8);
    watch.nowMs += leapMs;
    expect(watch.countChanged(8, () => parked)).toBe(8);
  });

  it('stands still lets the judge go on', () => {
    const watch = watching({ intervalMs: 0 });
    expect(watch.countChanged(100, () => yard())).toBe(0);
    expect(watch.countChanged(20, () => parked)).toBe(19);
  });
});

describe('a real visit', () => {
  const emptyRecorder = { state: { capturedAtMs: 0, afterLeft: 0, sinceKeptMs: 0 }, buffered: [] };
  const pictures = visitFrames.map(({ jpeg }) => decodeSmall(jpeg));
  const isVisit = visitFrames.map((frame) => frame.isVisit);

  it.each([1000, 5000, 60_000])(
    'is a change from its first frame to its last, a frame each %i ms, and nothing else is',
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

  it('is judged the same by a new process for each frame', () => {
    const lasting = new MotionDetector(settings);
    let kept: Buffer | undefined;
    pictures.forEach((picture, i) => {
      const remembered = kept === undefined ? undefined : decodeState(kept);
      if (typeof remembered === 'string') throw new Error(remembered);
      const detector = new MotionDetector(settings, remembered?.detector);
      const atMs = noonMs + i * 60_000;
      expect(detector.detect(picture, atMs)).toEqual(lasting.detect(picture, atMs));
      kept = encodeState({ detector: detector.state!, recorder: emptyRecorder });
    });
  });
});
