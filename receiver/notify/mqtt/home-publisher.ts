/**
 * Publishes what the retained topics hold, each when it changes, and all when a connection is new or Home Assistant has
 * started; and the messages about events. While the broker is away, only the newest contents are kept.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../../../shared/cli/log.js';
import { type BrokerSession, RefusedMessage } from './broker-session.js';
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
  /** The broker refuses larger ones, on any connection. */
  #maxPictureBytes = Infinity;
  #isRefusalLogged = false;
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
    this.#maxPictureBytes = Math.min(this.#maxPictureBytes, session.maxPacketBytes);
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
      if (content.kind === 'frame') await this.#publishFrame(session, topic, content);
      else if (this.#isSound(topic, content.text)) {
        await session.publish(topic, content.text, true);
      }
    }
    for (const message of [...this.#messages]) {
      const text = message.makeText();
      if (text !== undefined) await session.publish(message.topic, text, false);
      message.done();
    }
  }

  /** A picture that the broker refuses is tried smaller, and then left out: all else is published. */
  async #publishFrame(session: BrokerSession, topic: string, frame: StoredFrame): Promise<void> {
    const { log, readPicture } = this.#settings;
    for (;;) {
      const maxBytes = this.#maxPictureBytes - topic.length - packetOverheadBytes;
      const jpeg = await readPicture(frame, maxBytes);
      if (jpeg === undefined) {
        log.debug('no picture is published: it is gone, damaged or too large', {
          frame: frame.path,
        });
        return;
      }
      try {
        await session.publish(topic, jpeg, true);
        return;
      } catch (error) {
        if (!(error instanceof RefusedMessage)) throw error;
        if (!this.#isRefusalLogged) {
          log.warn('the broker refuses a picture', { error, bytes: jpeg.length });
        }
        this.#isRefusalLogged = true;
        // The limit is unknown: one of nearly the same size would be refused too.
        this.#maxPictureBytes = jpeg.length / 2;
      }
    }
  }

  /** Whether Home Assistant will take it. */
  #isSound(topic: string, text: string): boolean {
    if (!topic.endsWith('/config')) return true;
    const problems = discoveryProblems(topic, JSON.parse(text));
    if (problems.length === 0) return true;
    const what = problems.join('; ');
    this.#settings.log.error('not published: Home Assistant would refuse it', { what });
    return false;
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
