/** The message about an event: to the topic of events, and as the attributes of the motion sensor. Pure. */
import type { BestFrame, EventNotice } from '../notice.js';
import { viewerLink } from './discovery.js';

export interface EventFacts {
  readonly phase: EventNotice['phase'];
  /** As in the record. */
  readonly id: string;
  readonly camera: string;
  /** First and last changed frame, by the receiver's clock. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly frames?: number | undefined;
  readonly best: BestFrame;
  /** Address of the viewer. */
  readonly viewer: string | undefined;
}

export function eventMessage(facts: EventFacts): Readonly<Record<string, unknown>> {
  const { phase, id, camera, fromMs, toMs, frames, best, viewer } = facts;
  // By the camera's clock, as in the record, the viewer and the name of the file.
  const captured = new Date(best.capturedAtMs).toISOString();
  return {
    ...{ event_type: phase === 'end' ? 'end' : 'begin', id, camera, captured },
    ...{ strength: best.strength, ratio: best.ratio, seen: best.boxes, frame: best.path },
    link: viewerLink(viewer, camera, captured),
    ...(phase === 'end' && { frames, seconds: Math.round((toMs - fromMs) / 1000) }),
  };
}
