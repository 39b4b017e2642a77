/**
 * Asks an RTSP camera for the description of its stream (RFC 2326, DESCRIBE; RFC 8866, SDP): what refuses the agent is
 * known before a program is started, in plain words, and so is whether the stream is MJPEG.
 */
import { randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { formatDuration } from '../../shared/cli/units.js';
import type { CameraAddress } from './camera-address.js';
import { statusProblem } from './camera-status.js';
import { answerDemand } from './http-credentials.js';

export interface DescriptionLimits {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For the connection and all answers. */
  readonly limitMs: number;
}

const defaultPort = 554;
/** Descriptions have about a kilobyte. */
const maxAnswerBytes = 64 * 1024;

/**
 * @returns the encoding of the first video, as H264, H265, JPEG
 * @throws {OperationalError} CAMERA @throws signal.reason
 */
export async function describeVideo(
  address: CameraAddress,
  { clock, signal, limitMs }: DescriptionLimits,
): Promise<string> {
  const fail = (problem: string, facts: { hint?: string | undefined; cause?: unknown } = {}) =>
    new OperationalError('CAMERA', `camera ${address.name} ${problem}`, {
      ...(facts.hint !== undefined && { hint: facts.hint }),
      ...(facts.cause !== undefined && { cause: facts.cause }),
    });
  signal.throwIfAborted();
  const { url, credentials } = address;
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(url.port) || defaultPort });
  const timer = new AbortController();
  void clock.sleep(limitMs, timer.signal).then(() => {
    if (!timer.signal.aborted)
      socket.destroy(fail(`does not answer within ${formatDuration(limitMs)}`));
  });
  const stop = (): void => void socket.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop);
  try {
    const answers = new Answers(socket);
    let answer = await answers.to(request(url, 1));
    if (answer.status === 401 && credentials !== undefined) {
      const cnonce = randomBytes(8).toString('hex');
      const demand = { method: 'DESCRIBE', target: url.href, header: answer.demand, cnonce };
      const authorization = answerDemand(credentials, demand);
      if (authorization === undefined)
        throw fail('demands a kind of password that this program does not know');
      answer = await answers.to(request(url, 2, authorization));
    }
    const refusal = statusProblem(answer.status, credentials !== undefined);
    if (refusal !== undefined) throw fail(refusal.problem, refusal);
    const encoding = videoEncoding(answer.body);
    if (encoding === undefined) throw fail('offers no video', { hint: 'see its manual' });
    return encoding;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OperationalError) throw error;
    if (error instanceof NotRtsp) {
      const hint = 'give the port of RTSP, mostly 554; for a web server: --source http://…';
      throw fail('does not speak RTSP', { hint });
    }
    throw fail('cannot be reached', { cause: error });
  } finally {
    timer.abort();
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** @returns undefined: the description has no video */
export function videoEncoding(description: string): string | undefined {
  const video = description.split(/^(?=m=)/m).find((media) => media.startsWith('m=video '));
  if (video === undefined) return undefined;
  const payload = /^m=video \S+ \S+ (\d+)/.exec(video)?.[1] ?? '';
  const named = new RegExp(`^a=rtpmap:${payload} +([^/\\s]+)`, 'm').exec(video)?.[1];
  // RFC 3551: 26 is JPEG without a line that says so.
  return named?.toUpperCase() ?? (payload === '26' ? 'JPEG' : 'of unknown encoding');
}

function request(url: URL, number: number, authorization?: string): string {
  const lines = [`DESCRIBE ${url.href} RTSP/1.0`, `CSeq: ${number}`, 'Accept: application/sdp'];
  if (authorization !== undefined) lines.push(`Authorization: ${authorization}`);
  return [...lines, '', ''].join('\r\n');
}

interface Answer {
  readonly status: number;
  /** All `WWW-Authenticate` headers, joined by commas. */
  readonly demand: string;
  readonly body: string;
}

class NotRtsp extends Error {}

/** The answers on one connection, one request at a time: a camera may bind its demand to the connection. */
class Answers {
  readonly #socket: Socket;
  #received = '';
  #end: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    socket.on('error', (error) => (this.#end = error));
    socket.on('close', () => {
      this.#end ??= new Error('it closed the connection');
      this.#wake();
    });
  }

  async to(text: string): Promise<Answer> {
    this.#socket.write(text);
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      if (this.#end !== undefined) throw this.#end;
      if (this.#received.length > maxAnswerBytes) throw new NotRtsp();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** @throws {NotRtsp} @returns undefined: it is not complete */
  #take(): Answer | undefined {
    const start = 'RTSP/';
    if (!this.#received.startsWith(start.slice(0, this.#received.length))) throw new NotRtsp();
    const [head = '', end] = /^.*?\r?\n(\r?\n)/s.exec(this.#received) ?? [];
    if (end === undefined) return undefined;
    const [, status] = /^RTSP\/\d\.\d (\d{3})/.exec(head) ?? [];
    if (status === undefined) throw new NotRtsp();
    const header = (name: string): string[] =>
      [...head.matchAll(new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, 'gim'))].map((m) => m[1] ?? '');
    const bodyLength = Number(header('content-length')[0] ?? 0) || 0;
    if (this.#received.length < head.length + bodyLength) return undefined;
    const body = this.#received.slice(head.length, head.length + bodyLength);
    this.#received = this.#received.slice(head.length + bodyLength);
    return { status: Number(status), demand: header('www-authenticate').join(', '), body };
  }
}
