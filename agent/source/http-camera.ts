/**
 * Frames of an IP camera over HTTP: a stream of JPEGs (MJPEG, `multipart/x-mixed-replace`), or one JPEG for each
 * request. The answer's type decides. JPEGs are found by their markers, as in the output of a command, so that wrong
 * boundaries and lengths of the parts do no harm. The camera's bytes are the frame.
 *
 * Memory: the newest frame and the one being received. It follows no redirect: a camera could send the agent, and its
 * password, to another machine.
 */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { formatDuration, formatSize } from '../../shared/cli/units.js';
import { JpegSplitter } from '../../shared/jpeg/splitter.js';
import type { CameraAddress } from './camera-address.js';
import { statusProblem } from './camera-status.js';
import type { CapturedFrame, FrameSource, Pace } from './frame-source.js';
import { answerDemand } from './http-credentials.js';

export interface HttpCameraSettings {
  readonly address: CameraAddress;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Maximum time without a complete frame: then the connection is closed, and the next call opens another. */
  readonly quietTimeoutMs: number;
}

export function openHttpCamera(settings: HttpCameraSettings): FrameSource {
  return new HttpCamera(settings);
}

class HttpCamera implements FrameSource {
  readonly name: string;
  readonly #settings: HttpCameraSettings;
  /** The open stream; undefined: the next call sends a request. */
  #stream: FrameStream | undefined;
  #pace: Pace = 'shots';

  constructor(settings: HttpCameraSettings) {
    this.#settings = settings;
    this.name = `camera ${settings.address.name}`;
  }

  get pace(): Pace {
    return this.#pace;
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    const { quietTimeoutMs, clock } = this.#settings;
    const limit = new AbortController();
    const onAbort = (): void => limit.abort(signal.reason);
    signal.addEventListener('abort', onAbort);
    const timer = new AbortController();
    void clock.sleep(quietTimeoutMs, timer.signal).then(() => {
      // An abort would close the stream, which goes on after this call.
      if (timer.signal.aborted) return;
      const time = formatDuration(quietTimeoutMs);
      limit.abort(
        this.#error(`sent no complete frame in ${time}${this.#stream?.describe() ?? ''}`),
      );
    });
    try {
      signal.throwIfAborted();
      return await this.#take(limit.signal);
    } catch (error) {
      this.#drop();
      throw limit.signal.aborted ? limit.signal.reason : error;
    } finally {
      timer.abort();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The camera may end a stream at any time: it is opened again, once, before that is an error. */
  async #take(signal: AbortSignal): Promise<CapturedFrame> {
    const open = this.#stream;
    if (open !== undefined) {
      const frame = await open.next(signal).catch((error: unknown) => {
        if (!open.isOver) throw error;
      });
      if (frame !== undefined) {
        this.#pace = 'stream';
        return frame;
      }
      this.#drop();
    }
    this.#stream = await this.#open(signal);
    const frame = await this.#stream.next(signal);
    // Also of a stream, which may end after it: requests must not follow each other without a pause.
    this.#pace = 'shots';
    if (!this.#stream.isEndless) this.#drop();
    return frame;
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  #drop(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  async #open(signal: AbortSignal): Promise<FrameStream> {
    let response = await this.#request(undefined, signal);
    const { credentials, url } = this.#settings.address;
    if (response.statusCode === 401 && credentials !== undefined) {
      const header = response.headersDistinct['www-authenticate']?.join(', ') ?? '';
      const target = url.pathname + url.search;
      const cnonce = randomBytes(8).toString('hex');
      const authorization = answerDemand(credentials, { method: 'GET', target, header, cnonce });
      response.destroy();
      if (authorization === undefined)
        throw this.#error('demands a kind of password that this program does not know');
      response = await this.#request(authorization, signal);
    }
    const problem = this.#problemOf(response);
    if (problem !== undefined) {
      response.destroy();
      throw problem;
    }
    const { maxFrameBytes, clock } = this.#settings;
    return new FrameStream(response, { maxFrameBytes, clock, name: this.name });
  }

  #request(authorization: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const { url } = this.#settings.address;
    const options: RequestOptions = {
      agent: false,
      signal,
      headers: {
        accept: 'image/jpeg, multipart/x-mixed-replace',
        ...(authorization && { authorization }),
      },
    };
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const sent = send(url, options, resolve);
      sent.on('error', (cause) => reject(this.#connectionError(cause)));
      sent.end();
    });
  }

  #connectionError(cause: Error): OperationalError {
    if (!/CERT|LEAF_SIGNATURE/.test(systemCode(cause) ?? ''))
      return this.#error('cannot be reached', undefined, cause);
    return this.#error(
      'has a certificate that this machine does not trust',
      'give its certificate, with this name or address in it, as NODE_EXTRA_CA_CERTS=FILE; or use http:// in a ' +
        'network that you trust',
      cause,
    );
  }

  #problemOf({ statusCode = 0, headers }: IncomingMessage): OperationalError | undefined {
    const type = (headers['content-type'] ?? 'no type').slice(0, 80);
    const refusal = statusProblem(statusCode, this.#settings.address.credentials !== undefined);
    if (refusal !== undefined) return this.#error(refusal.problem, refusal.hint);
    if (/^(?:image\/|multipart\/|application\/octet-stream|no type)/i.test(type)) return undefined;
    return this.#error(
      `sends ${type}, and no JPEG`,
      'give the address of its snapshot or of its MJPEG stream, not of its page',
    );
  }

  #error(problem: string, hint?: string, cause?: unknown): OperationalError {
    const facts = { ...(hint !== undefined && { hint }), ...(cause !== undefined && { cause }) };
    return new OperationalError('CAMERA', `${this.name} ${problem}`, facts);
  }
}

interface StreamSettings {
  readonly maxFrameBytes: number;
  readonly clock: Clock;
  readonly name: string;
}

/** The body of one answer: it keeps the newest frame that no call has returned. */
class FrameStream {
  readonly #body: IncomingMessage;
  #newest: CapturedFrame | undefined;
  #end: OperationalError | undefined;
  #byteCount = 0;
  #lastDamage = '';
  #wake: () => void = () => undefined;

  constructor(body: IncomingMessage, { maxFrameBytes, clock, name }: StreamSettings) {
    this.#body = body;
    const splitter = new JpegSplitter({ maxBytes: maxFrameBytes });
    body.on('data', (chunk: Buffer) => {
      this.#byteCount += chunk.length;
      for (const result of splitter.push(chunk)) {
        if (result.kind === 'jpeg') {
          const skipped = this.#newest === undefined ? 0 : (this.#newest.skipped ?? 0) + 1;
          const frame = { jpeg: result.bytes, capturedAtMs: clock.nowMs(), origin: name };
          this.#newest = { ...frame, ...(skipped > 0 && { skipped }) };
        } else if (result.kind === 'damaged') this.#lastDamage = result.reason;
        else this.#lastDamage = `it is larger than ${formatSize(maxFrameBytes)}`;
      }
      if (this.#newest !== undefined) this.#wake();
    });
    const end = (cause?: Error): void => {
      this.#end ??= new OperationalError('CAMERA', `${name} ended its answer${this.describe()}`, {
        ...(cause !== undefined && { cause }),
      });
      this.#wake();
    };
    body.on('error', end);
    body.on('close', () => end());
  }

  /** False: the answer is one picture. */
  get isEndless(): boolean {
    return /^multipart\//i.test(this.#body.headers['content-type'] ?? '');
  }

  /** The answer is complete and its frames are taken. */
  get isOver(): boolean {
    return this.#end !== undefined && this.#newest === undefined;
  }

  /** What arrived since the last frame, for an error. */
  describe(): string {
    if (this.#lastDamage !== '') return `; the last picture was no whole JPEG: ${this.#lastDamage}`;
    return this.#byteCount === 0 ? '' : `; ${this.#byteCount} bytes without a whole JPEG`;
  }

  async next(signal: AbortSignal): Promise<CapturedFrame> {
    for (;;) {
      signal.throwIfAborted();
      const frame = this.#newest;
      this.#newest = undefined;
      if (frame !== undefined) {
        this.#byteCount = 0;
        this.#lastDamage = '';
        return frame;
      }
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  close(): void {
    this.#body.destroy();
  }
}
