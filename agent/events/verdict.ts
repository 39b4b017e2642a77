/** What the motion detector finds in a frame (a detection), and the verdict on the frame. */
import type { Reason } from '../../shared/protocol/messages.js';

/** [left, top, width, height] in pixels of the frame. */
export type Box = [left: number, top: number, width: number, height: number];

/** What a frame shows beside what was there before it: pixels only, no events. */
export interface Detection {
  /**
   * first: the reference begins here. change: something is in view that does not belong. scene: the whole
   * picture changed (light switched, camera moved) and is the new reference.
   */
  readonly kind: 'first' | 'quiet' | 'change' | 'scene';
  /** Share of the looked-at picture that changed, 0..1. */
  readonly ratio: number;
  /** Changed regions, largest first. */
  readonly boxes: readonly Box[];
  /**
   * How far the strongest place of the changed regions lies beyond what the sensitivity asks: 1 is just
   * enough; 0 when nothing changed.
   */
  readonly strength: number;
}

export interface Verdict extends Omit<Detection, 'kind'> {
  /** Something that does not belong is in view now. */
  readonly changed: boolean;
  /** Id of the event that the frame belongs to; undefined: none. */
  readonly event: string | undefined;
  /** The frame goes to the receivers. */
  readonly sent: boolean;
  /** Why it is sent; undefined: it is not. */
  readonly reason: Reason | undefined;
}
