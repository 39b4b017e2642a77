/**
 * TLS 1.3 with a key that both ends have, and nothing else: no certificate is shown, none is believed. Each
 * connection agrees on a key of its own (X25519), so what was recorded stays closed when a key leaks later.
 */
import { constants } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type CameraKey, keyBytes } from './identity.js';

export const tlsSettings = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // Keys that are given, not negotiated, go with SHA-256 in OpenSSL.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
  ecdhCurve: 'X25519:prime256v1',
  // A resumed session would bring back a camera that was unpaired.
  secureOptions: constants.SSL_OP_NO_TICKET,
  /** Nobody may vouch for anybody. */
  ca: [] as string[],
} as const;

/**
 * The lasting key that both ends make out of the connection on which they pair (RFC 8446, section 7.5): it
 * was never sent, and who knows the code but was not this connection's end cannot make it.
 */
export function keyFromConnection(socket: TLSSocket, camera: string): CameraKey {
  const context = Buffer.from(camera);
  const part = (what: string, byteCount: number): Buffer =>
    socket.exportKeyingMaterial(byteCount, `EXPORTER-picchanged-${what}`, context);
  return { camera, id: part('key-id', 8).toString('hex'), key: part('key', keyBytes) };
}
