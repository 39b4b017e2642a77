/** The header with which a proxy begins a connection: what is read of it, and what is refused. */
import { describe, expect, it } from 'vitest';
import { readProxyHeader } from '../../../receiver/listen/proxy-header.js';
import { maxProxyHeaderBytes } from '../../../receiver/limits/receiver-limits.js';
import { ipv4, ipv6, proxyHeader, proxySignature } from '../../support/proxy-header.js';

const documentation = '20010db8000000000000000000000042';
const mapped = '00000000000000000000ffffc0000207';

describe('a PROXY header of version 2', () => {
  it.each([
    ['IPv4', proxyHeader(), '192.0.2.7', 40_000],
    ['IPv6', proxyHeader({ family: 0x21, addresses: ipv6(documentation, 1) }), '2001:db8::42', 1],
    ['IPv4 in IPv6', proxyHeader({ family: 0x21, addresses: ipv6(mapped, 2) }), '192.0.2.7', 2],
    ['further fields', proxyHeader({ fields: Buffer.alloc(200, 4) }), '192.0.2.7', 40_000],
  ])('with %s names the peer', (_, bytes, address, port) => {
    expect(readProxyHeader(bytes)).toMatchObject({ kind: 'proxied', address, port });
  });

  it.each([
    ['no address', proxyHeader({ command: 0x20, family: 0, addresses: Buffer.alloc(0) })],
    ['an address, which does not count', proxyHeader({ command: 0x20 })],
    ['an unknown family', proxyHeader({ command: 0x20, family: 0x77 })],
  ])('for a connection of the proxy itself, with %s', (_, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'local' });
  });

  it('asks for the missing bytes, and for no further ones', () => {
    const whole = proxyHeader({ fields: Buffer.alloc(9) });
    for (let length = 0; length < whole.length; length += 1) {
      const missingBytes = (length < 16 ? 16 : whole.length) - length;
      expect(readProxyHeader(whole.subarray(0, length))).toEqual({ kind: 'partial', missingBytes });
    }
  });

  it.each([
    ['no header', Buffer.from('PICC/1\n'), 'no PROXY header'],
    ['another signature', Buffer.from('\r\n\r\n\0\r\nQUIX'), 'no PROXY header'],
    ['version 1', Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n'), 'of version 1'],
    ['version 3', proxyHeader({ command: 0x31 }), 'of version 3'],
    ['an unknown command', proxyHeader({ command: 0x22 }), 'unknown command 2'],
    ['no family', proxyHeader({ family: 0 }), 'no peer of TCP over IP'],
    ['UDP', proxyHeader({ family: 0x12 }), 'no peer of TCP over IP'],
    ['a Unix socket', proxyHeader({ family: 0x31, addresses: Buffer.alloc(216) }), 'no peer of'],
    ['half an address', proxyHeader({ addresses: ipv4('192.0.2.7', 1).subarray(0, 11) }), 'cut'],
    ['IPv6, with the bytes of IPv4', proxyHeader({ family: 0x21 }), 'cut off'],
    [
      'too many bytes',
      proxyHeader({ length: maxProxyHeaderBytes - 15 }).subarray(0, 16),
      `at most ${maxProxyHeaderBytes}`,
    ],
  ])('is refused: %s', (_, bytes, reason) => {
    expect(readProxyHeader(bytes)).toEqual({
      kind: 'refused',
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('has at most the longest length that is read', () => {
    const fields = Buffer.alloc(maxProxyHeaderBytes - proxyHeader().length);
    expect(readProxyHeader(proxyHeader({ fields })).kind).toBe('proxied');
    expect(proxySignature).toHaveLength(12);
  });
});
