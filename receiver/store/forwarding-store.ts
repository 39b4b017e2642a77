/** A store in front of another one: it forwards to it what a subclass does not do itself. */
import type { CameraClaim, CameraLock } from './camera-lock.js';
import type { FrameStore, FrameToStore, Gap, Report, StoredFrame } from './store-port.js';

export class ForwardingStore implements FrameStore {
  readonly #store: FrameStore;

  constructor(store: FrameStore) {
    this.#store = store;
  }

  get id(): string {
    return this.#store.id;
  }

  put(frame: FrameToStore): Promise<StoredFrame> {
    return this.#store.put(frame);
  }

  recordGap(gap: Gap): Promise<StoredFrame> {
    return this.#store.recordGap(gap);
  }

  recordReport(report: Report): Promise<StoredFrame> {
    return this.#store.recordReport(report);
  }

  lock(claim: CameraClaim): Promise<CameraLock | undefined> {
    return this.#store.lock(claim);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
