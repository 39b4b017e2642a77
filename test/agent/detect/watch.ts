/** A motion detector with a camera of a fixed frame rate, for tests. */
import type { SmallPicture } from '../../../agent/detect/grid.js';
import { MotionDetector, type DetectorSettings } from '../../../agent/detect/motion-detector.js';
import type { Detection } from '../../../agent/events/verdict.js';
import { withNoise, yard } from './pictures.js';

export const settings: DetectorSettings = {
  sensitivity: 0.5,
  minArea: 0.002,
  absorbMs: 20_000,
};
export const noonMs = Date.UTC(2026, 10, 22, 12);
const isChanged = ({ kind }: Detection): boolean => kind === 'change' || kind === 'scene';

/** A detector with a camera: each `detect` is a frame, `intervalMs` after the last one. */
export class Watch {
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

  detect(picture: SmallPicture) {
    this.nowMs += this.intervalMs;
    return this.detector.detect(withNoise(picture, this.#seed++), this.nowMs);
  }

  /** Detects in a number of frames; @returns how many of them are changed */
  countChanged(frames: number, scene: (frame: number) => SmallPicture): number {
    let count = 0;
    for (let frame = 0; frame < frames; frame++)
      if (isChanged(this.detect(scene(frame)))) count += 1;
    return count;
  }
}

/** A watch that has learned 50 frames of the empty yard. */
export function watching(changed?: ConstructorParameters<typeof Watch>[0]): Watch {
  const watch = new Watch(changed);
  watch.countChanged(50, () => yard());
  return watch;
}
