/**
 * Bytes of the framed protocol (PROTOCOL.md has the reasons):
 *
 *   preface   "PICC/1\n"                                   once, each way
 *   message   u32 header length, u32 body length           big-endian
 *             header: UTF-8 JSON object, body: bytes       repeated
 *
 * Pure. The decoder is a push state machine: any chunking gives the same messages.
 */
import { ByteQueue } from '../byte-queue.js';
import { OperationalError } from '../errors.js';

export interface WireMessage {
  /** A JSON object; what is in it is for `messages.ts` to judge. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

export interface WireLimits {
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
}

const lengthsBytes = 8;

/** The message as two buffers to write one after the other; the body is not copied. */
export function encodeMessage(header: object, body: Buffer = Buffer.alloc(0)): [Buffer, Buffer] {
  const json = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(lengthsBytes);
  lengths.writeUInt32BE(json.length, 0);
  lengths.writeUInt32BE(body.length, 4);
  return [Buffer.concat([lengths, json]), body];
}

export class MessageDecoder {
  readonly #limits: WireLimits;
  readonly #held = new ByteQueue();
  /** Undefined while the lengths themselves are awaited. */
  #lengths: { header: number; body: number } | undefined;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** True when a message has begun and is not finished: an end here is a cut. */
  get isInside(): boolean {
    return this.#held.length > 0 || this.#lengths !== undefined;
  }

  /**
   * Takes the next bytes and returns the messages they complete.
   * @throws {OperationalError} PROTOCOL: a length beyond its limit, a header that is no JSON object. The
   * decoder is of no use afterwards.
   */
  push(chunk: Buffer): WireMessage[] {
    this.#held.append(chunk);
    const messages: WireMessage[] = [];
    for (;;) {
      if (this.#lengths === undefined) {
        if (this.#held.length < lengthsBytes) return messages;
        this.#lengths = this.#readLengths(this.#held.take(lengthsBytes));
      }
      const { header, body } = this.#lengths;
      if (this.#held.length < header + body) return messages;
      messages.push({ header: parseHeader(this.#held.take(header)), body: this.#held.take(body) });
      this.#lengths = undefined;
    }
  }

  #readLengths(bytes: Buffer): { header: number; body: number } {
    const header = bytes.readUInt32BE(0);
    const body = bytes.readUInt32BE(4);
    if (header > this.#limits.maxHeaderBytes) {
      throw violation(`a header of ${header} bytes; the limit is ${this.#limits.maxHeaderBytes}`);
    }
    if (body > this.#limits.maxBodyBytes) {
      throw violation(`a body of ${body} bytes; the limit is ${this.#limits.maxBodyBytes}`);
    }
    return { header, body };
  }
}

function parseHeader(bytes: Buffer): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw violation('a header that is no JSON', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw violation('a header that is no JSON object');
  }
  return header as Record<string, unknown>;
}

function violation(what: string, cause?: unknown): OperationalError {
  return new OperationalError('PROTOCOL', `the other side sent ${what}`, { cause });
}
