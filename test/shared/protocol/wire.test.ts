/** The framed protocol's bytes: vectors in hex, any chunking, and what a hostile peer may send. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperationalError } from '../../../shared/cli/errors.js';
import { preface } from '../../../shared/protocol/protocol-limits.js';
import { MessageDecoder, type WireMessage, encodeMessage } from '../../../shared/protocol/wire.js';
import { anyBytes, anyChunking, everyChunking, hex } from '../chunking.js';

const generous = { maxHeaderBytes: 1 << 20, maxBodyBytes: 1 << 24 };
const violation = expect.objectContaining({
  name: 'OperationalError',
  code: 'PROTOCOL',
}) as unknown;

function decode(chunks: readonly Buffer[], limits = generous): WireMessage[] {
  const decoder = new MessageDecoder(limits);
  const messages = chunks.flatMap((chunk) => decoder.push(chunk));
  expect(decoder.isInside).toBe(false);
  return messages;
}

/** A message whose header is any text, as a peer could send it. */
function withHeader(text: string | Buffer, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.from(text);
  const preamble = Buffer.alloc(12);
  preamble.writeUInt32BE(header.length, 0);
  preamble.writeUInt32BE(body.length, 4);
  preamble.writeUInt32BE(crc32(Buffer.concat([preamble.subarray(0, 8), header])), 8);
  return Buffer.concat([preamble, header, body]);
}

const vectors: readonly { bytes: Buffer; header: object; body: Buffer }[] = [
  {
    bytes: hex('0000000f 00000000 9090671e 7b2274797065223a2270696e67227d'),
    header: { type: 'ping' },
    body: Buffer.alloc(0),
  },
  {
    bytes: hex('0000000a 00000004 e5517bc8 7b226e223a2d312e357d ffd8ffd9'),
    header: { n: -1.5 },
    body: hex('ffd8ffd9'),
  },
  { bytes: hex('00000002 00000001 97a8bed4 7b7d 00'), header: {}, body: hex('00') },
  {
    bytes: hex('0000000d 00000000 ecb872ef 7b22c3bc223a22f09f90bb227d'),
    header: { ü: '🐻' },
    body: Buffer.alloc(0),
  },
];

const ping = vectors[0]!.bytes;

describe('what a receiver sends', () => {
  it('is its preface and messages, in any chunking', () => {
    for (const chunks of everyChunking(Buffer.concat([Buffer.from(preface), ping]))) {
      const decoder = MessageDecoder.ofReceiver(generous);
      const messages = chunks.flatMap((chunk) => decoder.push(chunk));
      expect(messages.map(({ header }) => header)).toEqual([{ type: 'ping' }]);
      expect(decoder.isInside).toBe(false);
    }
  });

  it.each([
    ['another version', 'PICC/2\n', 'PICC/2'],
    ['another program', 'SSH-2.0-x\r\n\0', 'SSH-2.0-x'],
    ['a message without a preface', ping, '{"type":"ping"}'],
  ])('is refused when it is %s', (_, bytes, said) => {
    const decoder = MessageDecoder.ofReceiver(generous);
    const cause = expect.objectContaining({
      message: expect.stringContaining(said) as string,
    }) as Error;
    expect(() => decoder.push(Buffer.from(bytes))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL', cause }) as Error,
    );
  });

  it('is refused at the first byte that is not of the preface', () => {
    const decoder = MessageDecoder.ofReceiver(generous);
    expect(decoder.push(Buffer.from('PIC'))).toEqual([]);
    expect(() => decoder.push(Buffer.from('X'))).toThrow('no picchanged receiver answers');
  });
});

describe('a message', () => {
  it.each(vectors)('is read in any chunking: $header', ({ bytes, header, body }) => {
    for (const chunks of everyChunking(bytes)) expect(decode(chunks)).toEqual([{ header, body }]);
  });

  it.each(vectors)('is written as it is read: $header', (vector) => {
    expect(Buffer.concat(encodeMessage(vector.header, vector.body))).toEqual(vector.bytes);
  });

  it('is read one after the other, in any chunking', () => {
    const all = Buffer.concat(vectors.map(({ bytes }) => bytes));
    const expected = vectors.map(({ header, body }) => ({ header, body }));
    for (const chunks of everyChunking(all)) expect(decode(chunks)).toEqual(expected);
  });

  it('is written without copying the body', () => {
    const body = hex('ffd8');
    expect(encodeMessage({}, body)[1]).toBe(body);
  });

  it('of any header and body is decoded unchanged from any chunking', () => {
    const headers = fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.jsonValue({ stringUnit: 'binary' }),
    );
    const messages = fc.array(fc.record({ header: headers, body: anyBytes }), { maxLength: 5 });
    const streams = messages.chain((each) =>
      anyChunking(fc.constant(each.flatMap(({ header, body }) => encodeMessage(header, body)))).map(
        (chunks) => ({ each, chunks }),
      ),
    );
    fc.assert(
      fc.property(streams, ({ each, chunks }) => {
        // JSON has no -0, and treats `__proto__` as any other key.
        const expected = each.map(({ header, body }) => ({ header: throughJson(header), body }));
        expect(decode(chunks)).toEqual(expected);
      }),
    );
  });
});

function throughJson(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('isInside', () => {
  it('is true from the first byte of a message to its last', () => {
    const { bytes } = vectors[1]!;
    const decoder = new MessageDecoder(generous);
    const insides = Array.from(bytes, (byte) => {
      decoder.push(Buffer.of(byte));
      return decoder.isInside;
    });
    expect(insides).toEqual([...Array<boolean>(bytes.length - 1).fill(true), false]);
  });
});

describe('limits', () => {
  const limits = { maxHeaderBytes: 12, maxBodyBytes: 3 };

  it('accept a header and a body of exactly the limit', () => {
    const message = withHeader('{"a":"1234"}', hex('010203'));
    for (const chunks of everyChunking(message)) expect(decode(chunks, limits)).toHaveLength(1);
  });

  it.each([
    [
      'a header one byte longer',
      '0000000d 00000000 00000000',
      'a header of 13 bytes; the limit is 12',
    ],
    ['a body one byte longer', '0000000c 00000004 00000000', 'a body of 4 bytes; the limit is 3'],
    [
      'the longest header',
      'ffffffff 00000000 00000000',
      'a header of 4294967295 bytes; the limit is 12',
    ],
    [
      'the longest body',
      '00000000 ffffffff 00000000',
      'a body of 4294967295 bytes; the limit is 3',
    ],
  ])('refuse %s before any of its bytes are buffered', (_, lengths, what) => {
    const error = expect.objectContaining({
      code: 'PROTOCOL',
      message: `the peer sent ${what}`,
    }) as unknown;
    for (const chunks of everyChunking(hex(lengths)))
      expect(() => decode(chunks, limits)).toThrow(error);
  });
});

describe('a flipped bit', () => {
  it('anywhere before the body is a violation, or waits for more', () => {
    const { bytes } = vectors[1]!;
    for (let bit = 0; bit < (bytes.length - 4) * 8; bit += 1) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const decoder = new MessageDecoder(generous);
      try {
        expect(decoder.push(damaged)).toEqual([]);
      } catch (error) {
        expect(error).toEqual(violation);
      }
    }
  });
});

describe('a header', () => {
  const hostile: Record<string, string | Buffer> = {
    'that is empty': '',
    'that is not JSON': 'hello',
    'with something after it': '{}{}',
    'that is cut off': '{"type":"ping"',
    'with a byte order mark': '\ufeff{}',
    'that is null': 'null',
    'that is a list': '[{"type":"ping"}]',
    'that is a text': '"ping"',
    'that is a number': '1e999',
    'nested and never closed': '[{"a":'.repeat(100_000),
    'nested in a list': `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    'of bytes that are not UTF-8': hex('fffe00'),
  };
  it.each(Object.entries(hostile))('%s is a violation, no other error', (_, header) => {
    expect(() => decode([withHeader(header)])).toThrow(violation);
  });

  it('may be nested as deep as its limit allows', () => {
    const [message] = decode([withHeader(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)]);
    expect(message?.header).toHaveProperty('a');
  });

  it('with the names of prototypes changes no prototype', () => {
    const text = '{"__proto__":{"type":"hello"},"constructor":{"prototype":{"type":"hello"}}}';
    const [message] = decode([withHeader(text)]);
    expect(Object.getPrototypeOf(message?.header)).toBe(Object.prototype);
    expect(message?.header.type).toBeUndefined();
    expect(({} as Record<string, unknown>).type).toBeUndefined();
  });
});

describe('any bytes', () => {
  it('decode to messages or a violation, and buffer at most one message and one chunk', () => {
    const smallLengths = fc
      .tuple(
        fc.nat({ max: 30 }),
        fc.nat({ max: 30 }),
        fc.constantFrom('{}', '{"a":1}', '[]', '{', 'x'),
        anyBytes,
      )
      .map(([header, body, text, rest]) =>
        Buffer.concat([withHeader(text.padEnd(header), Buffer.alloc(body)), rest]),
      );
    const streams = anyChunking(fc.array(fc.oneof(anyBytes, smallLengths), { maxLength: 6 }));
    fc.assert(
      fc.property(streams, (chunks) => {
        const decoder = new MessageDecoder({ maxHeaderBytes: 25, maxBodyBytes: 25 });
        try {
          for (const chunk of chunks) {
            for (const { header, body } of decoder.push(chunk)) {
              expect(typeof header).toBe('object');
              expect(body.length).toBeLessThanOrEqual(25);
            }
          }
        } catch (error) {
          expect(error).toBeInstanceOf(OperationalError);
          expect(error).toEqual(violation);
        }
      }),
    );
  });

  it('arriving one by one cost linear time: 1 MB of body is copied once', () => {
    const message = withHeader('{}', Buffer.alloc(1_000_000, 7));
    const decoder = new MessageDecoder(generous);
    const messages: WireMessage[] = [];
    for (const byte of message) messages.push(...decoder.push(Buffer.of(byte)));
    expect(messages.map(({ body }) => body.length)).toEqual([1_000_000]);
  });
});

describe('a chunk that the decoder has copied', () => {
  it('may be changed, and messages are the same', () => {
    const frame = withHeader('{"n":1}', Buffer.from('a body of some forty bytes, in many chunks'));
    const bytes = Buffer.concat([ping, frame, frame]);
    let changedCount = 0;
    fc.assert(
      fc.property(anyChunking(fc.constant([bytes])), (chunks) => {
        const decoder = new MessageDecoder(generous);
        const messages = chunks.flatMap((chunk) => {
          const isCopied = decoder.copies(chunk.length);
          const own = Buffer.from(chunk);
          const complete = decoder.push(own);
          if (isCopied) own.fill(0);
          if (isCopied) changedCount += 1;
          return complete;
        });
        expect(messages).toEqual(decode([bytes]));
      }),
    );
    expect(changedCount).toBeGreaterThan(0);
  });
});
