/** Progress bar of a replay on a terminal. Other output to the terminal clears it first. */
import { isatty } from 'node:tty';
import { writeTo } from '../../shared/cli/command.js';

const redrawMs = 100;
const barWidth = 30;
const toLineStart = '\r\x1b[K';

export class Progress {
  readonly #isShown: boolean;
  readonly #total: number;
  readonly #startMs = performance.now();
  #done = 0;
  #drawnMs = 0;

  /** @param isAllowed false: the terminal shows other output all the time */
  constructor(total: number, isAllowed: boolean) {
    this.#total = total;
    this.#isShown = isAllowed && isatty(2);
  }

  /** Counts one processed frame. */
  step(): void {
    this.#done += 1;
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#drawnMs < redrawMs) return;
    this.#drawnMs = nowMs;
    writeTo(2, `${toLineStart}${this.#describe(nowMs)}`);
  }

  clear(): void {
    if (this.#isShown) writeTo(2, toLineStart);
  }

  #describe(nowMs: number): string {
    const share = this.#done / this.#total;
    const filled = Math.round(share * barWidth);
    const perSecond = (this.#done * 1000) / (nowMs - this.#startMs);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
    return `[${bar}] ${Math.floor(share * 100)} %  ${this.#done} of ${this.#total} frames  ${Math.round(perSecond)}/s`;
  }
}
