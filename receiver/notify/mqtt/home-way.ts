/** The way out to Home Assistant: messages about events. What is retained is published beside it. */
import type { Clock } from '../../../shared/clock.js';
import type { Way } from '../notice-queue.js';
import type { EventNotice, Notice } from '../notice.js';
import { eventMessage } from './event-message.js';
import type { HomePublisher } from './home-publisher.js';
import { cameraTopics } from './topics.js';

export interface HomeWaySettings {
  /** Of the broker. */
  readonly name: string;
  /** 8 hex digits. */
  readonly receiver: string;
  readonly viewer: string | undefined;
  /** What has waited for longer is history: it is not sent. */
  readonly lateAfterMs: number;
  readonly publisher: Pick<HomePublisher, 'send'>;
  readonly clock: Clock;
}

export class HomeWay implements Way {
  readonly name: string;
  /** Home Assistant gets each begin and each end. */
  readonly replaces = false;
  readonly isTriedOnce = false;
  readonly #settings: HomeWaySettings;
  /** When a notice was made, by the monotonic clock; not of an earlier process. */
  readonly #madeAtMs = new WeakMap<Notice, number>();

  constructor(settings: HomeWaySettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  takes(notice: Notice): boolean {
    return notice.kind === 'event';
  }

  add(notices: readonly Notice[]): void {
    const nowMs = this.#settings.clock.monotonicMs();
    for (const notice of notices) this.#madeAtMs.set(notice, nowMs);
  }

  async send(notice: Notice, signal: AbortSignal): Promise<void> {
    if (notice.kind !== 'event') return;
    const { receiver, viewer, publisher } = this.#settings;
    for (const { camera, event: id } of notice.events) {
      const makeText = (): string | undefined =>
        this.#isLate(notice)
          ? undefined
          : JSON.stringify(eventMessage({ ...notice, id, camera, viewer }));
      await publisher.send(cameraTopics(receiver, camera).event, makeText, signal);
    }
    signal.throwIfAborted();
  }

  #isLate(notice: EventNotice): boolean {
    const { clock, lateAfterMs } = this.#settings;
    const madeAtMs = this.#madeAtMs.get(notice);
    if (madeAtMs !== undefined) return clock.monotonicMs() - madeAtMs > lateAfterMs;
    return clock.nowMs() - notice.toMs > lateAfterMs;
  }
}
