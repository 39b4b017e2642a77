/** Writes the line of progress over itself, some times a second. */
import type { Clock } from '../../../shared/clock.js';
import { progressLine } from './progress-line.js';

const everyMs = 200;
const clear = '\r\u001b[K';

export class ProgressBar {
  readonly #write: (text: string) => void;
  readonly #clock: Clock;
  readonly #totalBytes: number;
  readonly #startMs: number;
  #doneBytes = 0;
  #shownAtMs = -Infinity;

  /** @param write to a terminal */
  constructor(write: (text: string) => void, clock: Clock, totalBytes: number) {
    this.#write = write;
    this.#clock = clock;
    this.#totalBytes = totalBytes;
    this.#startMs = clock.monotonicMs();
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#shownAtMs < everyMs) return;
    this.#shownAtMs = nowMs;
    const facts = { doneBytes: this.#doneBytes, totalBytes: this.#totalBytes };
    this.#write(clear + progressLine({ ...facts, elapsedMs: nowMs - this.#startMs }));
  }

  /** Before other output, and at the end. */
  clear(): void {
    this.#write(clear);
    this.#shownAtMs = -Infinity;
  }
}
