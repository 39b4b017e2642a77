/**
 * Bytes of the framed protocol (docs/protocol.md has the reasons):
 *
 *   preface   "PICC/1\n"                                            once, each way
 *   message   u32 header length, u32 body length, u32 CRC-32       big-endian; the CRC is that of both
 *             header: UTF-8 JSON object, body: bytes               lengths and the header; repeated
 *
 * Pure. The decoder is a push state machine: any chunking gives the same messages.
 */
import { crc32 } from 'node:zlib';
import { ByteQueue } from '../byte-queue.js';
import { OperationalError } from '../cli/errors.js';

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
/** The lengths and the check. */
const preambleBytes = lengthsBytes + 4;

/** A turned bit in a sequence would acknowledge another frame, in an epoch store everything twice. */
function checkOf(lengths: Buffer, header: Buffer): number {
  return crc32(header, crc32(lengths));
}

/** The message as two buffers to write one after the other; the body is not copied. */
export function encodeMessage(header: object, body: Buffer = Buffer.alloc(0)): [Buffer, Buffer] {
  const json = Buffer.from(JSON.stringify(header));
  const preamble = Buffer.alloc(preambleBytes);
  preamble.writeUInt32BE(json.length, 0);
  preamble.writeUInt32BE(body.length, 4);
  preamble.writeUInt32BE(checkOf(preamble.subarray(0, lengthsBytes), json), lengthsBytes);
  return [Buffer.concat([preamble, json]), body];
}

interface Preamble {
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** As they came: what the check is made of. */
  readonly lengths: Buffer;
  readonly check: number;
}

export class MessageDecoder {
  readonly #limits: WireLimits;
  readonly #held = new ByteQueue();
  /** Undefined while it is awaited itself. */
  #preamble: Preamble | undefined;
  /** Undefined while it is awaited. */
  #header: Record<string, unknown> | undefined;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** True when a message has begun and is not finished: an end here is a cut. */
  get isInside(): boolean {
    return this.#held.length > 0 || this.#preamble !== undefined;
  }

  /** Length of the body of the message that is arriving; 0 between messages. */
  get bodyBytes(): number {
    return this.#preamble?.bodyBytes ?? 0;
  }

  /** How much of the body that is arriving is still to come; 0 while a header is awaited. */
  get missingBytes(): number {
    return this.#header === undefined ? 0 : this.bodyBytes - this.#held.length;
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
      if (this.#preamble === undefined) {
        if (this.#held.length < preambleBytes) return messages;
        this.#preamble = this.#readPreamble(this.#held.take(preambleBytes));
      }
      const { headerBytes, bodyBytes, lengths, check } = this.#preamble;
      if (this.#header === undefined) {
        if (this.#held.length < headerBytes) return messages;
        const header = this.#held.take(headerBytes);
        if (checkOf(lengths, header) !== check) throw violation('a damaged header');
        this.#header = parseHeader(header);
        this.#held.expect(bodyBytes);
      }
      if (this.#held.length < bodyBytes) return messages;
      messages.push({ header: this.#header, body: this.#held.take(bodyBytes) });
      this.#preamble = this.#header = undefined;
    }
  }

  #readPreamble(bytes: Buffer): Preamble {
    const headerBytes = bytes.readUInt32BE(0);
    const bodyBytes = bytes.readUInt32BE(4);
    const { maxHeaderBytes, maxBodyBytes } = this.#limits;
    if (headerBytes > maxHeaderBytes) {
      throw violation(`a header of ${headerBytes} bytes; the limit is ${maxHeaderBytes}`);
    }
    if (bodyBytes > maxBodyBytes) {
      throw violation(`a body of ${bodyBytes} bytes; the limit is ${maxBodyBytes}`);
    }
    // A copy: what was held is not kept for the sake of twelve bytes.
    const lengths = Buffer.from(bytes.subarray(0, lengthsBytes));
    return { headerBytes, bodyBytes, lengths, check: bytes.readUInt32BE(lengthsBytes) };
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
