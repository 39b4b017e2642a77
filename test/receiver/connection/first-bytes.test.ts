/** The protocol that a connection's first bytes are recognized as. */
import { describe, expect, it } from 'vitest';
import { recognize } from '../../../receiver/connection/first-bytes.js';

const cases: [title: string, bytes: string, expected: unknown][] = [
  ['a JPEG', 'ffd8ffe0', { kind: 'raw' }],
  ['TLS', '160301', { kind: 'tls' }],
  ['the framed protocol', '504943432f310a', { kind: 'framed', prefaceBytes: 7 }],
  [
    'the framed protocol with a message',
    '504943432f310a00000010',
    { kind: 'framed', prefaceBytes: 7 },
  ],
];

describe('the first bytes', () => {
  it.each(cases)('of %s are recognized', (_, hex, expected) => {
    expect(recognize(Buffer.from(hex, 'hex'))).toEqual(expected);
  });

  it.each(cases)('of %s are undecided until enough have arrived', (_, hex, expected) => {
    const bytes = Buffer.from(hex, 'hex');
    const seen = Array.from(bytes, (_, at) => recognize(bytes.subarray(0, at + 1)));
    const decidedAt = seen.findIndex((protocol) => protocol !== undefined);
    expect(seen.slice(decidedAt)).toEqual(seen.slice(decidedAt).map(() => expected));
  });

  it.each([
    ['something else', 'GET / HTTP/1.1\r\n', 'picchanged receiver'],
    ['a newer major version', 'PICC/2\n', 'PICC/2'],
    ['a preface that never ends', 'PICC/1111111111111111111', 'picchanged receiver'],
    ['a JPEG start and then something else', '\xff\xd8\x00', 'picchanged receiver'],
  ])('of %s get a line that says what this port is', (_, text, word) => {
    expect(recognize(Buffer.from(text, 'latin1'))).toEqual({
      kind: 'foreign',
      answer: expect.stringContaining(word) as string,
    });
  });

  it('stay undecided for fewer than 18 bytes', () => {
    for (let length = 1; length < 40; length += 1) {
      const protocol = recognize(Buffer.from('PICC/'.padEnd(length, '1').slice(0, length)));
      expect(protocol === undefined).toBe(length < 18);
    }
  });
});
