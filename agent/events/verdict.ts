/** The motion detector's result for a frame (a detection), and the event recorder's verdict on the frame. */
import type { Reason } from '../../shared/protocol/messages.js';

/** [left, top, width, height] in pixels of the frame. */
export type Box = [left: number, top: number, width: number, height: number];

/** The difference between a frame and the background. It does not depend on events. */
export interface Detection {
  /**
   * first: the frame is the new reference. change: the frame has foreground. scene: the whole picture changed
   * (light switched, camera moved) and is the new reference.
   */
  readonly kind: 'first' | 'quiet' | 'change' | 'scene';
  /** Share of the region of interest that changed, 0..1. */
  readonly ratio: number;
  /** Changed regions, largest first. */
  readonly boxes: readonly Box[];
  /** Distance of the strongest changed cell from the background, in thresholds: above 1; 0 when nothing changed. */
  readonly strength: number;
}

export interface Verdict extends Omit<Detection, 'kind'> {
  /** The frame has foreground. */
  readonly changed: boolean;
  /** Id of the event that the frame belongs to; undefined: none. */
  readonly event: string | undefined;
  /** The frame is sent to the receivers. */
  readonly sent: boolean;
  /** Why the frame is sent; undefined: it is not sent. */
  readonly reason: Reason | undefined;
}
