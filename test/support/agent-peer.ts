/** A scripted agent: sends single messages and collects the receiver's answers. */
import { createHash } from 'node:crypto';
import { type Socket } from 'node:net';
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { type ReceiverMessage, readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { eventually } from './eventually.js';
import { hearAll, speakTo } from './receiver.js';

export const peerEpoch = '00112233445566778899aabbccddeeff';

/** Calls `take` with each message of a receiver. */
export function readAnswers(socket: Socket, take: (message: ReceiverMessage) => unknown): void {
  const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 0 });
  let skip = preface.length;
  socket.on('data', (chunk: Buffer) => {
    const skipped = Math.min(skip, chunk.length);
    skip -= skipped;
    for (const { header } of decoder.push(chunk.subarray(skipped))) {
      const message = readReceiverMessage(header);
      if (message) take(message);
    }
  });
}

export class AgentPeer {
  readonly socket: Socket;
  readonly messages: ReceiverMessage[] = [];
  /** Resolves when the connection has closed. */
  readonly over: Promise<unknown>;

  /** @param to a receiver's port, or an open connection */
  constructor(to: number | Socket) {
    const { socket, heard } =
      typeof to === 'number' ? speakTo(to) : { socket: to, heard: hearAll(to) };
    this.socket = socket;
    this.over = heard;
    readAnswers(socket, (message) => this.messages.push(message));
    socket.write(preface);
  }

  say(header: object, body?: Buffer): void {
    for (const part of encodeMessage(header, body)) this.socket.write(part);
  }

  hello(camera = 'yard', epoch = peerEpoch): void {
    this.say({ type: 'hello', camera, epoch, agent: 'test' });
  }

  frame(sequence: number, jpeg: Buffer, changes: object = {}): void {
    this.say({ ...frameHeader(sequence, jpeg), ...changes }, jpeg);
  }

  /** A frame without its last byte. */
  beginFrame(sequence: number, jpeg: Buffer): void {
    const [head, body] = encodeMessage(frameHeader(sequence, jpeg), jpeg);
    this.socket.write(head);
    this.socket.write(body.subarray(0, -1));
  }

  dropped(sequence: number, changes: object = {}): void {
    const capturedAtMs = Date.UTC(2026, 10, 22) + sequence;
    this.say({
      ...{ type: 'dropped', sequence, count: 12, why: 'size', utcOffsetMinutes: 0 },
      ...{ firstCapturedAtMs: capturedAtMs, lastCapturedAtMs: capturedAtMs + 60_000 },
      ...changes,
    });
  }

  /** A report of the minute after midnight. */
  report(sequence: number, changes: object = {}): void {
    const fromMs = Date.UTC(2026, 10, 22);
    this.say({
      ...{ type: 'report', sequence, fromMs, toMs: fromMs + 60_000, utcOffsetMinutes: 0 },
      ...{ state: 'watching', compared: 60, changed: 0, skipped: 0, waiting: 0, dropped: 0 },
      ...{ everyMs: 60_000, clockMs: fromMs + 60_000 },
      ...changes,
    });
  }

  /** Waits for the nth message of a type. */
  answer<Type extends ReceiverMessage['type']>(type: Type, nth = 1) {
    return eventually(() => {
      const found = this.messages.filter((message) => message.type === type);
      return found[nth - 1] as Extract<ReceiverMessage, { type: Type }> | undefined;
    }, `a ${type} message`);
  }
}

function frameHeader(sequence: number, jpeg: Buffer): object {
  return {
    type: 'frame',
    sequence,
    capturedAtMs: Date.UTC(2026, 10, 22) + sequence,
    utcOffsetMinutes: 0,
    sha256: createHash('sha256').update(jpeg).digest('hex'),
    verdict: { reason: 'change', ratio: 0.1, boxes: [] },
  };
}
