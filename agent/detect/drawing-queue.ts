/**
 * Draws the explanations of a running agent one after the other, beside the capture, which never waits for them: when
 * the disk or the processor is too slow, or the disk is nearly full, drawings are left out and counted.
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperationalError } from '../../shared/cli/errors.js';
import { humanSize } from '../../shared/cli/humanize.js';
import type { Log } from '../../shared/cli/log.js';
import type { Drawing, Explanations } from './explanations.js';

/** Drawings that wait; each holds a small picture, some 10 kB. */
const maxWaiting = 8;
/** Rest after a drawing, as a multiple of its time: it takes the processor from the detector, 20 to 200 ms each. */
const restFactor = 2;
/** Room that drawings leave on the disk: the spool of the same disk needs it. The smaller one counts. */
const freeShare = 0.1;
const freeBytes = 2 ** 30;

export interface QueueParts {
  readonly explanations: Pick<Explanations, 'draw' | 'endVisit' | 'close'>;
  readonly directory: string;
  readonly log: Log;
  /** Of the disk with the directory. */
  readonly statDisk?: (path: string) => Promise<{ bavail: number; blocks: number; bsize: number }>;
}

export class DrawingQueue {
  readonly #parts: QueueParts;
  #tail: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  #waiting = 0;
  #leftOut = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** @param drawing undefined: the frame is not drawn, and may end a visit */
  push(drawing: Drawing | undefined, capturedAtMs: number): void {
    const { explanations } = this.#parts;
    if (this.#waiting >= maxWaiting) {
      if (drawing !== undefined) this.#leaveOut({ reason: 'the machine or its disk is too slow' });
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail.then(async () => {
      try {
        if (drawing === undefined) await explanations.endVisit(capturedAtMs);
        else {
          await this.#checkRoom();
          const startMs = performance.now();
          await explanations.draw(drawing);
          await this.#rest(restFactor * (performance.now() - startMs));
        }
      } catch (error) {
        this.#leaveOut({ error });
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** Resolves when the drawings are written. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#tail;
    try {
      await this.#parts.explanations.close();
    } catch (error) {
      this.#leaveOut({ error });
    }
    if (this.#leftOut > 1)
      this.#parts.log.warn('--explain drawings left out', { drawings: this.#leftOut });
  }

  /** Not fatal: only the drawing is missing. Logs the first, the tenth, the hundredth and so on. */
  #leaveOut(why: { readonly reason: string } | { readonly error: unknown }): void {
    this.#leftOut += 1;
    if (!Number.isInteger(Math.log10(this.#leftOut))) return;
    this.#parts.log.warn('--explain drawing left out', { drawings: this.#leftOut, ...why });
  }

  /** Ends early when the queue is closed. */
  async #rest(ms: number): Promise<void> {
    const { signal } = this.#closing;
    if (!signal.aborted) await sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  async #checkRoom(): Promise<void> {
    const { directory, statDisk = statfs } = this.#parts;
    const { bavail, blocks, bsize } = await statDisk(directory);
    const needed = Math.min(freeShare * blocks * bsize, freeBytes);
    if (bavail * bsize >= needed) return;
    throw new OperationalError(
      'OUTPUT',
      `the disk of ${directory} has ${humanSize(bavail * bsize)} free; drawings leave ${humanSize(needed)}`,
      { hint: 'remove old drawings, or give --explain a directory on another disk' },
    );
  }
}
