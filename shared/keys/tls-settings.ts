/**
 * TLS 1.3 with a pre-shared key and nothing else: no certificate is sent, none is accepted. Each connection agrees on
 * its own key (X25519), so recorded traffic stays secret when a pre-shared key leaks later.
 */
import { constants } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type CameraKey, keyBytes } from './identity.js';

export const tlsSettings = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // OpenSSL uses external pre-shared keys with SHA-256 suites only.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
  ecdhCurve: 'X25519:prime256v1',
  // A resumed session would readmit an unpaired camera.
  secureOptions: constants.SSL_OP_NO_TICKET,
  /** No certificate authority is trusted. */
  ca: [] as string[],
} as const;

/**
 * The permanent key that both ends derive from the pairing connection (RFC 8446, section 7.5). It is never sent, and
 * knowledge of the code alone does not yield it.
 */
export function keyFromConnection(socket: TLSSocket, camera: string): CameraKey {
  const context = Buffer.from(camera);
  const derive = (label: string, byteCount: number): Buffer =>
    socket.exportKeyingMaterial(byteCount, `EXPORTER-picchanged-${label}`, context);
  return { camera, id: derive('key-id', 8).toString('hex'), key: derive('key', keyBytes) };
}
