/** Made answers of the API. */
import type {
  EventAnswer,
  FrameAnswer,
  TimelineAnswer,
} from '../../../../receiver/web/api-types.js';

export function makeFrame(changes: Partial<FrameAnswer> = {}): FrameAnswer {
  const at = changes.at ?? 0;
  return {
    ...{ camera: 'yard', cursor: `${at}.1`, at, offset: 0, url: `frame/${at}.jpg`, name: 'a.jpg' },
    ...{ bytes: 1000, size: [640, 480], reason: 'change', changed: true, ratio: 0.03 },
    ...{ strength: 3.4, event: null, boxes: [], kept: false, note: null, proof: 'signed' },
    ...changes,
  };
}

export function makeEvent(first: number, last: number, bestAt?: number): EventAnswer {
  const best = bestAt === undefined ? null : makeFrame({ at: bestAt });
  return { event: String(first), first, last, frames: 3, state: 'ended', kept: false, best };
}

export function makeTimeline(changes: Partial<TimelineAnswer>): TimelineAnswer {
  return {
    ...{ camera: 'yard', from: 0, to: 1000, step: 100, counts: [], changed: [], strengths: [] },
    ...{ states: [], offsets: [] },
    ...changes,
  };
}
