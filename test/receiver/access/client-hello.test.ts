/** Which ClientHellos are passed on to OpenSSL. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readClientHello } from '../../../receiver/access/client-hello.js';
import { maxClientHelloBytes } from '../../../receiver/limits/receiver-limits.js';
import {
  helloOfOpenssl,
  helloOfVersion01,
  makeHello,
  recordOf,
  vector,
} from '../../support/client-hello.js';

const identity = { name: 'frontdoor', keyId: 'abcd' };
const named = 'frontdoor.abcd';
const padding = (byteCount: number) => [[21, Buffer.alloc(byteCount)] as const];

describe('a ClientHello', () => {
  it.each([
    ['of openssl s_client', helloOfOpenssl],
    ['of an agent of 0.1.0', helloOfVersion01],
    ['of this version', makeHello(named)],
    ['in a record of TLS 1.2', makeHello(named, { recordVersion: 0x0303 })],
    ['with a post-quantum key share too', makeHello(named, { shares: [0x11ec, 0x001d] })],
    ['that also accepts no key exchange', makeHello(named, { modes: [0, 1] })],
    ['that also offers older TLS', makeHello(named, { versions: [0x0303, 0x0304] })],
  ])('%s is read, however it is cut into pieces', (_, bytes) => {
    expect(readClientHello(bytes)).toEqual({ kind: 'whole', identity });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readClientHello(bytes.subarray(0, length))).toEqual({ kind: 'partial' });
    }
  });

  it.each([
    ['another type of record', makeHello(named, { contentType: 23 }), 'not a TLS handshake'],
    ['an old record', makeHello(named, { recordVersion: 0x0300 }), 'unknown record version'],
    ['another message', makeHello(named, { messageType: 2 }), 'not a ClientHello'],
    ['an empty record', recordOf(Buffer.alloc(0)), 'truncated'],
    ['a fragment', recordOf(helloOfOpenssl.subarray(5, 100)), 'truncated'],
    ['more in its record', makeHello(named, { trailer: Buffer.of(1, 0, 0, 0) }), 'holds more than'],
    ['more after its record', Buffer.concat([helloOfOpenssl, Buffer.of(20)]), 'data follows'],
    ['TLS 1.1', makeHello(named, { legacyVersion: 0x0302 }), 'older than 1.3'],
    ['TLS 1.2', makeHello(named, { versions: [0x0303] }), 'older than 1.3'],
    [
      'TLS 1.2 without the versions extension',
      makeHello(named, { without: [43] }),
      'older than 1.3',
    ],
    ['compression', makeHello(named, { compression: [1, 0] }), 'compression'],
    ['other suites', makeHello(named, { suites: [0x1302] }), 'no common cipher'],
    ['no key', makeHello(named, { without: [41] }), 'no pre-shared key'],
    [
      'a key that is not last',
      makeHello(named, { extensionsAfter: padding(1) }),
      'not the last extension',
    ],
    ['two keys', makeHello(named, { identities: [named, 'x.1'] }), 'more than one'],
    ['no key in its list', makeHello(named, { identities: [] }), 'truncated'],
    ['two binders', makeHello(named, { binders: [randomBytes(32), randomBytes(32)] }), 'binder'],
    ['a binder of SHA-384', makeHello(named, { binders: [randomBytes(48)] }), 'binder'],
    ['no binder', makeHello(named, { binders: [] }), 'truncated'],
    ['no key exchange', makeHello(named, { modes: [0] }), 'without a key exchange'],
    ['no key exchange modes', makeHello(named, { without: [45] }), 'without a key exchange'],
    ['no key share', makeHello(named, { shares: [] }), 'no key share'],
    ['a key share of another group', makeHello(named, { shares: [0x0018] }), 'no key share'],
    ['early data', makeHello(named, { extensionsBefore: [[42, Buffer.alloc(0)]] }), 'early data'],
    [
      'an extension twice',
      makeHello(named, { extensionsBefore: [...padding(1), ...padding(1)] }),
      'repeated',
    ],
    ['a ticket in place of a key', makeHello('', { identities: [randomBytes(200)] }), 'CAMERA.ID'],
    ['an invalid camera name', makeHello('../../etc.k1'), 'CAMERA.ID'],
    ['a name with a NUL', makeHello(`${named}\0`), 'CAMERA.ID'],
  ])('with %s is refused', (_, bytes, reason) => {
    const read = readClientHello(bytes);
    expect(read).toMatchObject({ kind: 'refused' });
    expect('reason' in read && read.reason).toContain(reason);
  });

  it('is refused by its announced length when that is beyond the limit', () => {
    const longest = makeHello(named, { extensionsBefore: padding(0) });
    const room = maxClientHelloBytes - longest.length;
    const whole = makeHello(named, { extensionsBefore: padding(room) });
    expect(readClientHello(whole).kind).toBe('whole');
    const tooLong = makeHello(named, { extensionsBefore: padding(room + 1) });
    expect(readClientHello(tooLong.subarray(0, 4)).kind).toBe('partial');
    expect(readClientHello(tooLong.subarray(0, 5)).kind).toBe('refused');
  });

  it.each([40, 1300])('with %i identities in one record is refused', (count) => {
    const identities = Array.from({ length: count }, (_, nth) => `a.${nth}`);
    const many = makeHello('', { identities, binders: identities.map(() => randomBytes(32)) });
    expect(readClientHello(many)).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/more than one pre-shared key|longer than/) as string,
    });
  });

  it('with lengths beyond its end is refused', () => {
    const body = helloOfOpenssl.subarray(5);
    for (let at = 0; at < body.length; at += 1) {
      const harmed = Buffer.from(body);
      harmed[at] = 0xff;
      expect(['whole', 'refused']).toContain(readClientHello(recordOf(harmed)).kind);
    }
    expect(readClientHello(recordOf(vector(3, body))).kind).toBe('refused');
  });
});
