/** The address of a client, through proxies that are named and through others. */
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { proxyNetwork } from '../../../../receiver/listen/proxy-networks.js';
import { Proxies } from '../../../../receiver/web/access/client-address.js';

const proxies = new Proxies(
  ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'].map((text) => proxyNetwork.parse(text)),
);

function clientOf(remoteAddress: string | undefined, forwarded?: string, protocol?: string) {
  const headers = {
    ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
    ...(protocol !== undefined && { 'x-forwarded-proto': protocol }),
  };
  return proxies.clientOf({ socket: { remoteAddress }, headers } as unknown as IncomingMessage);
}

describe('the address of a client', () => {
  it.each([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
    // What the client itself wrote is before what the proxy appended.
    ['127.0.0.1', '127.0.0.1, 203.0.113.7, 198.51.100.1', '198.51.100.1'],
    ['127.0.0.1', '203.0.113.7, 198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['127.0.0.1', 'unknown', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.7, nonsense, 10.1.2.3', '10.1.2.3'],
    ['fd00::1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['127.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    [undefined, undefined, '127.0.0.1'],
  ])('%s with X-Forwarded-For %s is %s', (peer, forwarded, expected) => {
    expect(clientOf(peer, forwarded).address).toBe(expected);
  });

  it('is private over https at a named proxy only, and on this machine', () => {
    expect(clientOf('192.0.2.1', undefined, 'https')).toMatchObject({
      ...{ isPrivate: false, isHttps: false },
    });
    expect(clientOf('127.0.0.1', '192.0.2.1', 'https')).toMatchObject({
      ...{ isPrivate: true, isHttps: true },
    });
    // The last value is the proxy's own.
    expect(clientOf('127.0.0.1', '192.0.2.1', 'https, http').isHttps).toBe(false);
    expect(clientOf('127.0.0.1', '192.0.2.1').isPrivate).toBe(false);
    expect(clientOf('127.0.0.1').isPrivate).toBe(true);
  });

  it.each(['x', '10.0.0.0/33', '10.0.0.0/', '1.2.3.4/5/6', '::/129', 'proxy.example.org'])(
    '%s is no proxy',
    (text) => expect(() => proxyNetwork.parse(text)).toThrow('write an address or a network'),
  );
});
