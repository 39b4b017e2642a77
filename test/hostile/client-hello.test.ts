/** OpenSSL accepts the hand-made ClientHellos: it looks up each identity in them. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tlsSettings } from '../../shared/keys/tls-settings.js';
import { type ClientHelloShape, clientHello, identitiesOf } from './client-hello.js';

/** The identities that a TLS server looks up. */
async function askedFor(shape: ClientHelloShape): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer({
    ...tlsSettings,
    pskCallback: (_, identity) => {
      asked.push(identity);
      return null;
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const refused = once(server, 'tlsClientError');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(clientHello(shape));
  await refused;
  return asked;
}

describe('a hand-made ClientHello', () => {
  it.each([
    ['one identity', { identities: ['front.k1'] }],
    ['as many as it holds', { identities: identitiesOf('a', Infinity) }],
    ['as many long ones as it holds', { identities: identitiesOf('front', Infinity, 1e9) }],
    ['records of 40 bytes', { identities: ['front.k1', 'front.k2'], recordBytes: 40 }],
    ['60 kB of padding', { identities: ['front.k1'], paddingBytes: 60_000 }],
    ['no identity', { identities: [] }],
  ])('is read by OpenSSL: %s', async (_, shape) => {
    expect(await askedFor(shape)).toEqual(shape.identities);
  });
});
