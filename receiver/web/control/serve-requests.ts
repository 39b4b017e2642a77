/**
 * The receiver's side of the control folder: does what the viewer asks for, and nothing but that. What is in the folder
 * may come from a viewer that an attacker controls: each request is checked anew, and costs no more than the limits.
 */
import { join } from 'node:path';
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../../shared/clock.js';
import type { Folder } from '../../store/folder.js';
import { checkKeepWish } from '../keep-frames.js';
import { HttpError } from '../server/answers.js';
import {
  type ControlAnswer,
  isRequestName,
  openAnswers,
  openRequests,
  readControlFile,
  writeControlFile,
} from './control-folder.js';

export interface RequestParts {
  /** Has `requests` and `answers`. */
  readonly control: string;
  /** @param wish as `checkKeepWish` takes it @throws {HttpError} there is no such frame or event; a system error */
  readonly keep: (wish: unknown) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the run after the current request. */
  readonly signal: AbortSignal;
}

const lookEveryMs = 200;
/** A user who keeps one frame after the other does not wait for a new process each time. */
const idleMs = 5000;
/** A run ends, and systemd starts the next one at once, where something cannot be removed. */
const longestFutileMs = 60_000;
/** Names of one look; the rest waits for the next one. */
const maxNames = 1000;
/** At once; then one every two seconds, fewer when each takes long: each adds a line to a record. */
const burst = 20;
const refillPerMs = 1 / 2000;
/** A request that takes longer counts as several. */
const usualMs = 500;
/** The viewer has read an answer by then. */
const answerAgeMs = 60_000;

/** Ends when there was no request for some seconds. @throws a system error: the folders cannot be opened */
export async function serveRequests(parts: RequestParts): Promise<void> {
  const { control, clock, signal } = parts;
  const requests = await openRequests(control);
  try {
    const answers = await openAnswers(control);
    try {
      const server = new RequestServer(parts, requests, answers);
      const startMs = clock.monotonicMs();
      let busyMs = startMs;
      while (!signal.aborted) {
        const { served, left } = await server.look();
        const nowMs = clock.monotonicMs();
        if (served > 0) busyMs = nowMs;
        const isOver = left === 0 && nowMs - busyMs >= idleMs && server.isRested;
        if (isOver || nowMs - Math.max(startMs, busyMs) >= longestFutileMs) return;
        await clock.sleep(lookEveryMs, signal);
      }
    } finally {
      await answers.close();
    }
  } finally {
    await requests.close();
  }
}

class RequestServer {
  readonly #parts: RequestParts;
  readonly #requests: Folder;
  readonly #answers: Folder;
  readonly #errors: RepeatingErrorLog;
  #tokens = burst;
  #filledMs: number;

  constructor(parts: RequestParts, requests: Folder, answers: Folder) {
    this.#parts = parts;
    this.#requests = requests;
    this.#answers = answers;
    this.#errors = new RepeatingErrorLog(parts.log, parts.clock);
    this.#filledMs = parts.clock.monotonicMs();
  }

  /** A new process would begin with the same budget: it ends only when that gains nothing. */
  get isRested(): boolean {
    this.#fill();
    return this.#tokens >= burst;
  }

  /** Serves what the budget allows. @returns how many, and how many names are left */
  async look(): Promise<{ readonly served: number; readonly left: number }> {
    await this.#removeOld();
    const names: string[] = [];
    for await (const name of this.#requests.names()) {
      // Files that are being written; systemd does not look at them either.
      if (!name.startsWith('.')) names.push(name);
      if (names.length >= maxNames) break;
    }
    let served = 0;
    let removed = 0;
    for (const name of names) {
      if (this.#parts.signal.aborted) break;
      if (isRequestName(name)) {
        this.#fill();
        if (this.#tokens < 1) continue;
        const startMs = this.#parts.clock.monotonicMs();
        await this.#serve(name);
        const tookMs = this.#parts.clock.monotonicMs() - startMs;
        this.#tokens -= Math.max(1, tookMs / usualMs);
        served += 1;
      }
      if (await this.#remove(name)) removed += 1;
    }
    return { served, left: names.length - removed };
  }

  #fill(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#filledMs) * refillPerMs);
    this.#filledMs = nowMs;
  }

  async #serve(name: string): Promise<void> {
    const answer = await this.#answerTo(name);
    if (answer === undefined) return;
    try {
      // A request that was answered by a run that was killed before it removed it.
      this.#answers.removeIfThere(name);
      await writeControlFile(this.#answers, name, answer);
    } catch (error) {
      this.#errors.failed('cannot answer the viewer', error);
    }
  }

  /** @returns undefined: it is no request */
  async #answerTo(name: string): Promise<ControlAnswer | undefined> {
    const { keep: keepFrames, log } = this.#parts;
    try {
      const wish = await readControlFile(this.#requests, name);
      const { camera, event, frame, file, keep } = checkKeepWish(wish);
      await keepFrames(wish);
      log.info(keep ? 'kept frames for the viewer' : 'ended keeping for the viewer', {
        ...{ camera, event, frame, file },
      });
      return { done: true };
    } catch (error) {
      if (error instanceof HttpError) {
        const { status, code, message } = error;
        log.warn('refused a request of the viewer', { request: name, why: message });
        return { done: false, status, code, message: message.slice(0, 2000) };
      }
      const isExpected = error instanceof OperationalError || systemCode(error) !== undefined;
      if (!isExpected) throw error;
      if (systemCode(error) === 'ENOENT' && !this.#isThere(name)) return undefined;
      log.error('cannot keep frames for the viewer', { request: name, error });
      const message = `the receiver cannot keep it: ${describeError(error)}`;
      return { done: false, status: 500, code: 'failed', message: message.slice(0, 2000) };
    }
  }

  #isThere(name: string): boolean {
    return this.#requests.lstat(name) !== undefined;
  }

  /** @returns whether the name is free */
  async #remove(name: string): Promise<boolean> {
    try {
      if (this.#requests.lstat(name)?.isDirectory() === true) {
        await this.#requests.removeFolderIfEmpty(name);
      } else this.#requests.unlink(name);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
    if (!this.#isThere(name)) return true;
    this.#errors.failed(
      'cannot remove what is no request',
      new Error(`${join(this.#requests.path, name.slice(0, 100))}: the viewer made it`),
    );
    return false;
  }

  /** Removes answers that no viewer waits for any more. */
  async #removeOld(): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    for await (const name of this.#answers.names()) {
      const stats = this.#answers.lstat(name);
      // Also those of the future: the clock was set.
      if (stats !== undefined && Math.abs(nowMs - Number(stats.mtimeMs)) > answerAgeMs) {
        this.#answers.removeIfThere(name);
      }
    }
  }
}
