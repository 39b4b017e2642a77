/** Addresses as people write them, on both ends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defaultPort,
  destination,
  formatAddress,
  listenAddress,
} from '../../../shared/cli/address.js';
import { InvalidValue } from '../../../shared/cli/units.js';

describe('destination', () => {
  it.each([
    ['laptop', 'laptop', defaultPort],
    ['laptop:4445', 'laptop', 4445],
    ['my_host.local.', 'my_host.local.', defaultPort],
    ['192.168.1.5', '192.168.1.5', defaultPort],
    ['192.168.1.5:1', '192.168.1.5', 1],
    ['::1', '::1', defaultPort],
    ['[::1]', '::1', defaultPort],
    ['[::1]:65535', '::1', 65_535],
    ['fe80::1%eth0', 'fe80::1%eth0', defaultPort],
    ['[fe80::1%wlan_1]:4444', 'fe80::1%wlan_1', 4444],
    ['2001:db8::1:4444', '2001:db8::1:4444', defaultPort],
  ])('reads %s', (text, host, port) => {
    expect(destination.parse(text)).toEqual({ host, port });
  });

  it.each([
    '',
    ':',
    ':4444',
    'laptop:',
    'laptop:0',
    'laptop:65536',
    'laptop:port',
    'laptop:-1',
    'laptop:4444:1',
    'a b',
    '-x',
    '--once',
    'a;b',
    '$(x)',
    'a\n',
    'http://laptop',
    '[::1',
    '::1]:80',
    '[::1]x',
    '[]:1',
    'fe80::1%',
    '%eth0',
    'fe80::1%a b',
    'fe80::1%$(x)',
    '127.0.0.1%eth0',
    'a'.repeat(254),
    `laptop:${'9'.repeat(400)}`,
  ])('refuses %j', (text) => {
    expect(() => destination.parse(text)).toThrow(InvalidValue);
  });

  it('reads back what formatAddress writes', () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(destination.parse(formatAddress(host, port))).toEqual({ host, port });
      }),
    );
  });

  it('lets no text through that could be anything but a host and a port', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[[\]a-f0-9.:% -]{0,20}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const { host, port } = destination.parse(text);
          expect(host).toMatch(/^[\w:][\w.:@%-]*$/);
          expect(port > 0 && port < 65_536).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue);
        }
      }),
    );
  });
});

describe('listenAddress', () => {
  it.each([
    ['4444', undefined, 4444],
    ['0', undefined, 0],
    ['127.0.0.1:4444', '127.0.0.1', 4444],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['[::1]:4444', '::1', 4444],
    ['[fe80::1%eth0]:4444', 'fe80::1%eth0', 4444],
  ])('reads %s', (text, address, port) => {
    expect(listenAddress.parse(text)).toEqual({ address, port });
  });

  it.each([
    '',
    '65536',
    '-1',
    'laptop:4444',
    '127.0.0.1',
    '::1',
    '[::1]',
    ':4444',
    '4444:',
    '1.2.3.4:x',
    '[x]:1',
    '1.2.3:4',
  ])('refuses %j', (text) => {
    expect(() => listenAddress.parse(text)).toThrow(InvalidValue);
  });
});

describe('formatAddress', () => {
  it('puts an IPv6 address in brackets', () => {
    expect(formatAddress('::1', 80)).toBe('[::1]:80');
    expect(formatAddress('laptop', 80)).toBe('laptop:80');
  });
});
