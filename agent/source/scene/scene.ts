/** The demo scene as a frame source, to try the programs without a camera. */
import type { Clock } from '../../../shared/clock.js';
import { encodeJpeg } from '../../../shared/jpeg/encoder.js';
import type { CapturedFrame, FrameSource } from '../frame-source.js';
import { drawScene } from './scene-picture.js';

/** About the quality of a good webcam. */
const jpegQuality = 80;

export interface SceneSettings {
  /** Any whole number; the same seed gives the same scene. */
  readonly seed: number;
  readonly clock: Clock;
  /** Default 640. */
  readonly widthPx?: number;
  /** Default 480. */
  readonly heightPx?: number;
  /**
   * The current scene time. Default: time since the source was opened. One-shot runs use the wall clock, else each run
   * would show the first moment.
   */
  readonly sceneTimeMs?: () => number;
}

export function openScene(settings: SceneSettings): FrameSource {
  const { seed, clock, widthPx = 640, heightPx = 480 } = settings;
  const openedAtMs = clock.monotonicMs();
  const { sceneTimeMs = () => clock.monotonicMs() - openedAtMs } = settings;
  const name = `scene ${seed}`;
  const grab = (signal: AbortSignal): CapturedFrame => {
    signal.throwIfAborted();
    const { rgba } = drawScene({ seed, atMs: sceneTimeMs(), widthPx, heightPx });
    const jpeg = encodeJpeg({ widthPx, heightPx, rgba }, jpegQuality);
    return { jpeg, capturedAtMs: Math.round(clock.nowMs()), origin: name };
  };
  return {
    name,
    pace: 'shots',
    // In a promise: an abort rejects, as in the other sources.
    next: (signal) => Promise.resolve(signal).then(grab),
    close: () => Promise.resolve(),
  };
}
