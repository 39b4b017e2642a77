/**
 * Processes that share object stores, in the order that a seed decides: each request waits until it is chosen. Between
 * any two requests a process may be killed or stand still, an answer may be lost, and a request that was given up may be
 * carried out later.
 */
import { setImmediate as nextTurn, setTimeout as realSleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { exchange } from '../../../receiver/store/s3/http-exchange.js';
import { S3Client } from '../../../receiver/store/s3/s3-client.js';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { seededRandom } from '../../faults/plan.js';
import { type MemoryS3, refusal } from './memory-s3.js';

/** Of a millisecond or more. */
const maxIdleTurns = 60_000;

export class Killed extends Error {}

/** One that its schedule may kill. */
export class Process {
  readonly name: string;
  isDead = false;
  isEnded = false;
  isMortal = true;
  /** By the monotonic clock of the schedule. */
  standsUntilMs = 0;
  readonly died: Promise<never>;
  #die!: (error: Error) => void;

  constructor(name: string) {
    this.name = name;
    this.died = new Promise((_, reject) => (this.#die = reject));
    this.died.catch(() => undefined);
  }

  kill(): void {
    this.isDead = true;
    this.#die(new Killed(`${this.name} was killed`));
  }
}

interface Waiting {
  readonly process: Process;
  readonly what: string;
  readonly carryOut: (fault: Fault) => void;
}

type Fault = 'none' | 'busy' | 'lost' | 'late' | 'killed before' | 'killed after';

/** Per request. */
export interface Chances {
  readonly kill: number;
  readonly fault: number;
  readonly stand: number;
}

export class Schedule {
  readonly random: () => number;
  chances: Chances = { kill: 0, fault: 0, stand: 0 };
  /** Longest standstill. */
  standMs = 20_000;
  /** What happened, newest last. */
  readonly log: string[] = [];
  monotonicMs = 1_000_000;
  #wallMs: number;
  #waiting: Waiting[] = [];
  #sleepers: { atMs: number; wake: () => void }[] = [];
  #busy = 0;
  /** Commands that read and write files between their requests. */
  filing = 0;

  constructor(seed: number, wallMs: number) {
    this.random = seededRandom(seed);
    this.#wallMs = wallMs - this.monotonicMs;
  }

  get nowMs(): number {
    return Math.round(this.#wallMs + this.monotonicMs);
  }

  /** @param count of choices */
  pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  oneOf<T>(choices: readonly T[]): T {
    const choice = choices[this.pick(choices.length)];
    if (choice === undefined) throw new Error('there is nothing to choose from');
    return choice;
  }

  clockOf(offsetMs = 0): Clock {
    return {
      ...systemClock,
      nowMs: () => this.nowMs + offsetMs,
      monotonicMs: () => this.monotonicMs,
      sleep: (ms, signal) => this.sleep(ms, signal),
    };
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        resolve();
      };
      const sleeper = { atMs: this.monotonicMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', wake);
    });
  }

  /** A client of a process. */
  clientOf(process: Process, store: MemoryS3, offsetMs = 0): S3Client {
    const send: typeof exchange = (url, request) =>
      new Promise((resolve, reject) => {
        if (process.isDead) return;
        const key = decodeURIComponent(url.pathname) + decodeURIComponent(url.search).slice(0, 160);
        const what = `${process.name} ${request.method} ${key}`;
        const carryOut = (fault: Fault): void => {
          const note = fault === 'none' ? '' : ` (${fault})`;
          this.log.push(`${Math.round(this.monotonicMs)} ${what}${note}`);
          const isDone = ['none', 'lost', 'killed after'].includes(fault);
          const answer = isDone ? store.answer(url, request) : refusal(503, 'SlowDown');
          if (fault === 'none' || fault === 'busy') resolve(answer);
          if (fault === 'lost' || fault === 'late') reject(new Error('the connection was lost'));
          if (fault === 'late') void this.#carryOutLater(() => store.answer(url, request), what);
        };
        this.#waiting.push({ process, what, carryOut });
      });
    return new S3Client({
      ...{ endpoint: new URL('http://127.0.0.1:1'), bucket: 'frames', prefix: 'cams/', send },
      ...{ region: 'us-east-1', clock: this.clockOf(offsetMs) },
      readCredentials: () => Promise.resolve({ accessKeyId: 'a', secretAccessKey: 'b' }),
    });
  }

  async #carryOutLater(carryOut: () => void, what: string): Promise<void> {
    await this.sleep(this.random() * 20_000);
    this.log.push(`${Math.round(this.monotonicMs)} ${what} (now)`);
    carryOut();
  }

  /** What waits for another program, while nothing else goes on. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    return await work().finally(() => (this.#busy -= 1));
  }

  /** Runs what is given to its end. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const ended = work.finally(() => (state.isDone = true));
    ended.catch(() => undefined);
    let idle = 0;
    for (;;) {
      for (let turn = 0; turn < 3; turn += 1) await nextTurn();
      if (state.isDone) return await ended;
      idle = this.#busy === 0 && this.#step(idle > 0 || this.filing === 0) ? 0 : idle + 1;
      if (idle > 0) await realSleep(1);
      if (idle > maxIdleTurns) throw new Error('nothing goes on');
    }
  }

  /** @param mayWake also when files may be read now @returns whether something was done */
  #step(mayWake: boolean): boolean {
    const isReady = ({ process }: Waiting): boolean => process.standsUntilMs <= this.monotonicMs;
    this.#waiting = this.#waiting.filter(({ process }) => !process.isDead);
    const ready = this.#waiting.filter(isReady);
    const next = ready[this.pick(ready.length)];
    if (next !== undefined) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#advance(this.random() * 20);
      this.#carryOut(next);
      return true;
    }
    if (!mayWake) return false;
    const standing = this.#waiting.map(({ process }) => process.standsUntilMs);
    const wakes = [...this.#sleepers.map(({ atMs }) => atMs), ...standing];
    if (wakes.length === 0) return false;
    this.#advance(Math.max(0, Math.min(...wakes) - this.monotonicMs));
    return true;
  }

  #carryOut({ process, what, carryOut }: Waiting): void {
    const { fault, stand } = this.chances;
    // Between two writes most can be half done.
    const kill = process.isMortal ? this.chances.kill * (what.includes(' PUT ') ? 4 : 0.5) : 0;
    const chance = this.random();
    if (chance < kill) {
      carryOut(this.random() < 0.5 ? 'killed before' : 'killed after');
      process.kill();
    } else if (chance < kill + fault) {
      carryOut(this.oneOf(['busy', 'lost', 'late'] as const));
    } else {
      if (chance < kill + fault + stand) {
        process.standsUntilMs = this.monotonicMs + this.random() * this.standMs;
        this.log.push(`${process.name} stands still`);
      }
      carryOut('none');
    }
  }

  #advance(ms: number): void {
    this.monotonicMs += ms;
    vi.advanceTimersByTime(Math.floor(this.monotonicMs) - Math.floor(this.monotonicMs - ms));
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.monotonicMs);
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.monotonicMs);
    for (const { wake } of due) wake();
  }
}
