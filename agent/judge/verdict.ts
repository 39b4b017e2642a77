/** What the judge says of one frame. */
import type { Reason } from '../../shared/protocol/messages.js';

/** [left, top, width, height] in pixels of the frame. */
export type Box = [left: number, top: number, width: number, height: number];

export interface Verdict {
  /** Something that does not belong is in view now. */
  readonly changed: boolean;
  /** Why the frame is to be sent; undefined: it is not. */
  readonly reason: Reason | undefined;
  /** Share of the looked-at picture that changed, 0..1. */
  readonly ratio: number;
  /** Changed regions, largest first. */
  readonly boxes: readonly Box[];
  /** Id of the event that the frame belongs to; undefined: none. */
  readonly event: string | undefined;
}
