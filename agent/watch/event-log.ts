/** Logs when an event begins and ends: one line each, so that a terminal or the journal shows what a watch does. */
import { formatDuration } from '../../shared/cli/units.js';
import type { Log } from '../../shared/cli/log.js';
import type { EndedEvent } from '../../shared/protocol/report-header.js';
import type { Decided } from '../events/event-recorder.js';
import { EventTracker } from '../reports/event-tracker.js';
import type { CapturedFrame } from '../source/frame-source.js';
import type { FrameObserver } from './take-frame.js';

export class EventLog implements FrameObserver {
  readonly #events: EventTracker;
  readonly #log: Log;

  /** @param eventGapMs as of the event recorder */
  constructor(eventGapMs: number, log: Log) {
    this.#events = new EventTracker(eventGapMs);
    this.#log = log;
  }

  judged({ frame, verdict }: Decided<CapturedFrame>): void {
    const before = this.#events.open?.event;
    this.#logEnd(this.#events.judged(frame.capturedAtMs, verdict));
    const event = this.#events.open?.event;
    if (event !== undefined && event !== before) this.#log.info('event begins', { event });
  }

  /** The watch ends: no further frame belongs to the open event. */
  finish(): void {
    this.#logEnd(this.#events.finish());
  }

  #logEnd(ended: EndedEvent | undefined): void {
    if (ended === undefined) return;
    const { event, frames, firstAtMs, lastAtMs } = ended;
    // Whole seconds: the length is that of what was seen, not of the frames around it.
    const seconds = Math.round(Math.max(0, lastAtMs - firstAtMs) / 1000);
    this.#log.info('event ended', { event, lasted: formatDuration(seconds * 1000), frames });
  }
}
