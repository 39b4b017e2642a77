/** `--json`: prints one line of JSON for each decided frame. */
import type { Decided } from '../events/event-recorder.js';
import { verdictFields } from '../events/verdict.js';
import type { CapturedFrame } from '../source/frame-source.js';
import type { FrameObserver } from './take-frame.js';

export class VerdictPrinter implements FrameObserver {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  judged({ frame, verdict }: Decided<CapturedFrame>, sha256: string | undefined): void {
    const { capturedAtMs } = frame;
    const line = { event: 'judged', capturedAtMs, sha256, verdict: verdictFields(verdict) };
    this.#write(`${JSON.stringify(line)}\n`);
  }
}
