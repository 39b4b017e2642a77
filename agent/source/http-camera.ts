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
import { WakeableSleep } from './wakeable-sleep.js';

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
    try {
      signal.throwIfAborted();
      return await this.#take(clock.monotonicMs() + quietTimeoutMs, signal);
    } catch (error) {
      this.#drop();
      throw signal.aborted ? signal.reason : error;
    }
  }

  /**
   * The camera may end a stream at any time: it is opened again, once, before that is an error.
   * @param dueAtMs monotonic time at which there must be a frame
   */
  async #take(dueAtMs: number, signal: AbortSignal): Promise<CapturedFrame> {
    const taken = await this.#stream?.next(dueAtMs, signal);
    if (taken !== undefined && !(taken instanceof OperationalError)) {
      this.#pace = 'stream';
      return taken;
    }
    this.#drop();
    this.#stream = await this.#openInTime(dueAtMs, signal);
    const frame = await this.#stream.next(dueAtMs, signal);
    if (frame instanceof OperationalError) throw frame;
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

  /** @throws {OperationalError} CAMERA: it does not answer until then, too */
  async #openInTime(dueAtMs: number, signal: AbortSignal): Promise<FrameStream> {
    const { clock } = this.#settings;
    const limit = new AbortController();
    const onAbort = (): void => limit.abort(signal.reason);
    signal.addEventListener('abort', onAbort);
    const timer = new AbortController();
    void clock.sleep(dueAtMs - clock.monotonicMs(), timer.signal).then(() => {
      // An abort would close the stream, which goes on after this call.
      if (!timer.signal.aborted) limit.abort(this.#silence(''));
    });
    try {
      return await this.#open(limit.signal);
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error;
    } finally {
      timer.abort();
      signal.removeEventListener('abort', onAbort);
    }
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
    const silence = (facts: string): OperationalError => this.#silence(facts);
    return new FrameStream(response, { maxFrameBytes, clock, name: this.name, silence });
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

  #silence(facts: string): OperationalError {
    const time = formatDuration(this.#settings.quietTimeoutMs);
    return this.#error(`sent no complete frame in ${time}${facts}`);
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
  /** The error of a stream without a frame in time. @param facts what has arrived */
  readonly silence: (facts: string) => OperationalError;
}

/** The body of one answer: it keeps the newest frame that no call has returned. */
class FrameStream {
  readonly #body: IncomingMessage;
  readonly #settings: StreamSettings;
  readonly #wakeup = new WakeableSleep();
  #newest: CapturedFrame | undefined;
  #end: OperationalError | undefined;
  #byteCount = 0;
  #lastDamage = '';

  constructor(body: IncomingMessage, settings: StreamSettings) {
    this.#body = body;
    this.#settings = settings;
    const { maxFrameBytes, clock, name } = settings;
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
      if (this.#newest !== undefined) this.#wakeup.wake();
    });
    const end = (cause?: Error): void => {
      this.#end ??= new OperationalError('CAMERA', `${name} ended its answer${this.#arrived()}`, {
        ...(cause !== undefined && { cause }),
      });
      this.#wakeup.wake();
    };
    body.on('error', end);
    body.on('close', () => end());
  }

  /** False: the answer is one picture. */
  get isEndless(): boolean {
    return /^multipart\//i.test(this.#body.headers['content-type'] ?? '');
  }

  /**
   * The next frame, which needs no timer and no signal of its own.
   * @returns an error: the answer has ended in this way, and its frames are taken
   * @throws {OperationalError} CAMERA: there is no frame at `dueAtMs`, monotonic time
   */
  async next(dueAtMs: number, signal: AbortSignal): Promise<CapturedFrame | OperationalError> {
    const { clock, silence } = this.#settings;
    for (;;) {
      signal.throwIfAborted();
      const frame = this.#newest;
      this.#newest = undefined;
      if (frame !== undefined) {
        this.#byteCount = 0;
        this.#lastDamage = '';
        return frame;
      }
      if (this.#end !== undefined) return this.#end;
      const leftMs = dueAtMs - clock.monotonicMs();
      if (leftMs <= 0) throw silence(this.#arrived());
      await this.#wakeup.sleep(leftMs, clock, signal);
    }
  }

  close(): void {
    this.#wakeup.endTimer();
    this.#body.destroy();
  }

  /** What arrived since the last frame, for an error. */
  #arrived(): string {
    if (this.#lastDamage !== '') return `; the last picture was no whole JPEG: ${this.#lastDamage}`;
    return this.#byteCount === 0 ? '' : `; ${this.#byteCount} bytes without a whole JPEG`;
  }
}
