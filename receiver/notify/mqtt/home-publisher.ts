/**
 * Publishes what the retained topics hold, each when it changes, and all when a connection is new or Home Assistant has
 * started; and the messages about events. While the broker is away, only the newest contents are kept.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../../../shared/cli/log.js';
import type { BrokerSession } from './broker-session.js';
import { discoveryProblems } from './discovery-rules.js';
import type { Content, StoredFrame } from './home-states.js';

export interface PublisherSettings {
  /** Home Assistant says `online` there when it has started. */
  readonly homeStatus: string;
  /** The bytes to publish; undefined: there are none that fit. */
  readonly readPicture: (frame: StoredFrame, maxBytes: number) => Promise<Buffer | undefined>;
  readonly log: Log;
}

interface Message {
  readonly topic: string;
  readonly makeText: () => string | undefined;
  readonly done: () => void;
}

/** Of a packet, beside topic and payload. */
const packetOverheadBytes = 32;

export class HomePublisher {
  readonly #settings: PublisherSettings;
  #wanted: ReadonlyMap<string, Content> = new Map();
  /** By topic, as this connection has published it. */
  readonly #published = new Map<string, Content>();
  #messages: Message[] = [];
  #hasNews = false;
  #wake: () => void = () => undefined;

  constructor(settings: PublisherSettings) {
    this.#settings = settings;
  }

  /** Replaces what is to be retained. */
  show(contents: ReadonlyMap<string, Content>): void {
    this.#wanted = contents;
    this.#news();
  }

  /**
   * Resolves when the broker has the message, after what is to be retained; or when the signal aborts.
   * @param makeText is called when it can be sent; undefined: it is no news any more
   */
  send(topic: string, makeText: () => string | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#messages = this.#messages.filter((each) => each !== message);
        resolve();
      };
      const message = { topic, makeText, done };
      this.#messages.push(message);
      signal.addEventListener('abort', done);
      this.#news();
    });
  }

  /** Uses a connection until the signal aborts. @throws {OperationalError} LINK: it is closed */
  async serve(session: BrokerSession, signal: AbortSignal): Promise<void> {
    this.#published.clear();
    await session.subscribe(this.#settings.homeStatus, (text) => {
      if (text !== 'online') return;
      this.#published.clear();
      this.#news();
    });
    let failure: Error | undefined;
    void session.closed.then((reason) => {
      failure = reason;
      this.#news();
    });
    const onAbort = (): void => this.#news();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        this.#hasNews = false;
        await this.#publish(session, signal);
        await this.#changed();
        if (failure !== undefined) throw failure;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #publish(session: BrokerSession, signal: AbortSignal): Promise<void> {
    for (const [topic, content] of this.#wanted) {
      if (signal.aborted) return;
      if (isDeepStrictEqual(this.#published.get(topic), content)) continue;
      this.#published.set(topic, content);
      const payload = await this.#payloadOf(topic, content, session.maxPacketBytes);
      if (payload !== undefined) await session.publish(topic, payload, true);
    }
    for (const message of [...this.#messages]) {
      const text = message.makeText();
      if (text !== undefined) await session.publish(message.topic, text, false);
      message.done();
    }
  }

  async #payloadOf(
    topic: string,
    content: Content,
    maxPacketBytes: number,
  ): Promise<Buffer | string | undefined> {
    const { log, readPicture } = this.#settings;
    if (content.kind === 'frame') {
      return await readPicture(content, maxPacketBytes - topic.length - packetOverheadBytes);
    }
    if (!topic.endsWith('/config')) return content.text;
    const problems = discoveryProblems(topic, JSON.parse(content.text));
    if (problems.length === 0) return content.text;
    log.error('not published: Home Assistant would refuse it', { what: problems.join('; ') });
    return undefined;
  }

  #news(): void {
    this.#hasNews = true;
    this.#wake();
  }

  /** Resolves when there is something to do, also what came since the last look. */
  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#hasNews) resolve();
    });
  }
}
