/**
 * The motion detector's result for a frame (a detection), and the event recorder's verdict on the frame. The verdict
 * on a sent frame is a `WireVerdict`: the spool, the message and the receiver's record have it as it is. Pure.
 */
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
  /** Why the frame is sent; undefined: it is not sent. */
  readonly reason: Reason | undefined;
}

export interface SentVerdict extends Verdict {
  readonly reason: Reason;
}

/** The frame is sent to the receivers. */
export function isSent(verdict: Verdict): verdict is SentVerdict {
  return verdict.reason !== undefined;
}

/** The fields of a verdict as `--json` and the log print them. */
export function verdictFields(verdict: Verdict) {
  const { changed, event, reason, ratio, boxes, strength } = verdict;
  return { changed, event, sent: isSent(verdict), reason, ratio, boxes, strength };
}
