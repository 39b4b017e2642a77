/**
 * Encoding of the framed protocol (docs/protocol.md has the reasons):
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
import { notAReceiver } from './plain-answers.js';
import { preface } from './protocol-limits.js';

export interface WireMessage {
  /** A JSON object; `messages.ts` validates its fields. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

export interface WireLimits {
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
}

const lengthsBytes = 8;
/** Both lengths and the CRC. */
const preambleBytes = lengthsBytes + 4;

/** Without a CRC a flipped bit in a sequence acknowledges another frame, in an epoch stores everything twice. */
function checksumOf(lengths: Buffer, header: Buffer): number {
  return crc32(header, crc32(lengths));
}

/** The message as two buffers, written one after the other; the body is not copied. */
export function encodeMessage(header: object, body: Buffer = Buffer.alloc(0)): [Buffer, Buffer] {
  const json = Buffer.from(JSON.stringify(header));
  const preamble = Buffer.alloc(preambleBytes);
  preamble.writeUInt32BE(json.length, 0);
  preamble.writeUInt32BE(body.length, 4);
  preamble.writeUInt32BE(checksumOf(preamble.subarray(0, lengthsBytes), json), lengthsBytes);
  return [Buffer.concat([preamble, json]), body];
}

interface Preamble {
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** Their bytes, for the CRC. */
  readonly lengths: Buffer;
  readonly checksum: number;
}

export class MessageDecoder {
  readonly #limits: WireLimits;
  readonly #buffered = new ByteQueue();
  /** The beginning of the preface while it is incomplete; undefined: it is not expected, or it was read. */
  #opening: Buffer | undefined;
  /** Undefined until it is complete. */
  #preamble: Preamble | undefined;
  /** Undefined until it is complete. */
  #header: Record<string, unknown> | undefined;

  /** Decodes the bytes after the preface. */
  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** Decodes all that a receiver sends: the preface is read and checked. */
  static ofReceiver(limits: WireLimits): MessageDecoder {
    const decoder = new MessageDecoder(limits);
    decoder.#opening = Buffer.alloc(0);
    return decoder;
  }

  /** True inside a message: an end of the stream here cuts it off. */
  get isInside(): boolean {
    return this.#buffered.length > 0 || this.#preamble !== undefined;
  }

  /** Body length of the message that is arriving; 0 between messages. */
  get bodyBytes(): number {
    return this.#preamble?.bodyBytes ?? 0;
  }

  /** Bytes still missing from the body that is arriving; 0 until its header is complete. */
  get missingBytes(): number {
    return this.#header === undefined ? 0 : this.bodyBytes - this.#buffered.length;
  }

  /** Whether a chunk of so many bytes only continues a body, so that nothing keeps it after `push`. */
  copies(byteCount: number): boolean {
    return this.#buffered.length > 0 && byteCount <= this.missingBytes;
  }

  /**
   * Decodes the next bytes. @returns the messages that they complete
   * @throws {OperationalError} PROTOCOL: not the preface, a length above its limit, a wrong CRC, a header that is not a
   *   JSON object. The decoder must not be used afterwards.
   */
  push(chunk: Buffer): WireMessage[] {
    const bytes = this.#opening === undefined ? chunk : this.#readPreface(this.#opening, chunk);
    this.#buffered.append(bytes);
    const messages: WireMessage[] = [];
    for (;;) {
      if (this.#preamble === undefined) {
        if (this.#buffered.length < preambleBytes) return messages;
        this.#preamble = this.#readPreamble(this.#buffered.take(preambleBytes));
      }
      const { headerBytes, bodyBytes, lengths, checksum } = this.#preamble;
      if (this.#header === undefined) {
        if (this.#buffered.length < headerBytes) return messages;
        const header = this.#buffered.take(headerBytes);
        if (checksumOf(lengths, header) !== checksum) throw violation('a header with a wrong CRC');
        this.#header = parseHeader(header);
        this.#buffered.expect(bodyBytes);
      }
      if (this.#buffered.length < bodyBytes) return messages;
      messages.push({ header: this.#header, body: this.#buffered.take(bodyBytes) });
      this.#preamble = this.#header = undefined;
    }
  }

  /** @returns the bytes after the preface; none while it is incomplete */
  #readPreface(opening: Buffer, chunk: Buffer): Buffer {
    const bytes = Buffer.concat([opening, chunk]);
    const start = bytes.subarray(0, preface.length);
    if (!preface.startsWith(start.toString('latin1'))) throw notAReceiver(bytes);
    this.#opening = start.length < preface.length ? bytes : undefined;
    return bytes.subarray(preface.length);
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
    // A copy: a slice would keep the whole chunk in memory for eight bytes.
    const lengths = Buffer.from(bytes.subarray(0, lengthsBytes));
    return { headerBytes, bodyBytes, lengths, checksum: bytes.readUInt32BE(lengthsBytes) };
  }
}

function parseHeader(bytes: Buffer): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw violation('a header that is not JSON', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw violation('a header that is not a JSON object');
  }
  return header as Record<string, unknown>;
}

function violation(what: string, cause?: unknown): OperationalError {
  return new OperationalError('PROTOCOL', `the peer sent ${what}`, { cause });
}
