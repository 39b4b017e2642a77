/**
 * Server-sent events to all open pages. What is new is looked for while a page is open. Each event has a number: a page
 * that connects again gets those after its last one, or a `reset`: then it asks for everything.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { LiveEvent } from '../api-types.js';
import type { Archive } from '../archive-port.js';
import { securityHeaders } from './answers.js';

/** Between two looks: new entries are gathered for so long. */
const lookEveryMs = 250;
/** Between two answers about the states of cameras; it also keeps a connection open. */
const statesEveryMs = 15_000;
/** Events that a page may have missed. */
const maxKept = 1000;
/** A page that does not read: its connection is closed, and it connects again. */
const maxUnreadBytes = 1024 * 1024;
/** Time until a page connects again. */
const retryMs = 2000;

interface Kept {
  readonly id: number;
  readonly text: string;
}

export class LiveHub {
  readonly #archive: Archive;
  readonly #clock: Clock;
  readonly #errors: RepeatingErrorLog;
  readonly #pages = new Map<ServerResponse, () => Promise<unknown>>();
  readonly #kept: Kept[] = [];
  /** Of this process: numbers of another one mean nothing. */
  readonly #boot = randomBytes(6).toString('base64url');
  readonly #closing = new AbortController();
  #lastId = 0;
  #statesAtMs = -Infinity;
  #running: Promise<void> | undefined;

  constructor(archive: Archive, clock: Clock, log: Log) {
    this.#archive = archive;
    this.#clock = clock;
    this.#errors = new RepeatingErrorLog(log, clock);
  }

  get pages(): number {
    return this.#pages.size;
  }

  /** @param mayRead asked again and again: null when the session has ended */
  serve(request: IncomingMessage, response: ServerResponse, mayRead: () => Promise<unknown>): void {
    response.writeHead(200, {
      ...securityHeaders,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A proxy in front does not collect events.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${retryMs}\n\n${this.#missed(request.headers['last-event-id'])}`);
    this.#pages.set(response, mayRead);
    response.on('close', () => this.#pages.delete(response));
    this.#statesAtMs = -Infinity;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const page of this.#pages.keys()) page.end();
    await this.#running;
  }

  /** @param lastId of the last event that the page has */
  #missed(lastId: string | string[] | undefined): string {
    const [boot, number = ''] = String(lastId ?? '').split('-');
    const id = Number(number);
    const oldest = this.#kept[0]?.id ?? this.#lastId + 1;
    if (boot === this.#boot && id >= oldest - 1 && this.#pages.size > 0) {
      return this.#kept
        .filter((each) => each.id > id)
        .map(({ text }) => text)
        .join('');
    }
    return this.#textOf({ type: 'reset' }, this.#lastId);
  }

  /** Until no page is open: what is new meanwhile is found by `reset`. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    await this.#try(() => this.#archive.look());
    while (!signal.aborted && this.#pages.size > 0) {
      await this.#try(async () => {
        for (const entries of await this.#archive.look()) this.#publish(entries);
        const now = this.#clock.nowMs();
        if (this.#clock.monotonicMs() - this.#statesAtMs < statesEveryMs) return;
        this.#statesAtMs = this.#clock.monotonicMs();
        await this.#closeEnded();
        this.#publish({ type: 'cameras', now, cameras: await this.#archive.states() });
      });
      await this.#clock.sleep(lookEveryMs, signal);
    }
  }

  /** Ends the pages whose session has ended: they connect again, and are refused. */
  async #closeEnded(): Promise<void> {
    for (const [page, mayRead] of this.#pages) {
      if ((await mayRead().catch(() => null)) === null) page.destroy();
    }
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      this.#errors.worked('found new frames again');
    } catch (error) {
      this.#errors.failed('cannot look for new frames', error);
    }
  }

  #publish(event: LiveEvent): void {
    this.#lastId += 1;
    const text = this.#textOf(event, this.#lastId);
    this.#kept.push({ id: this.#lastId, text });
    if (this.#kept.length > maxKept) this.#kept.shift();
    for (const page of this.#pages.keys()) {
      if (page.writableLength > maxUnreadBytes) page.destroy();
      else page.write(text);
    }
  }

  #textOf(event: LiveEvent, id: number): string {
    return `id: ${this.#boot}-${id}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}
