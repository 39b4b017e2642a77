/** Cameras that are paired without the pairing exchange, and connections that prove a key. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as connectSecurely } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import { type CameraKey, formatIdentity } from '../../shared/keys/identity.js';
import { tlsSettings } from '../../shared/keys/tls-settings.js';

/** Writes a camera's key to the receiver's keys folder. */
export async function pairBehindTheScenes(folder: KeyFolder, camera: string): Promise<CameraKey> {
  const key = { camera, id: randomBytes(8).toString('hex'), key: randomBytes(32) };
  const paired = { id: key.id, key: key.key.toString('hex'), pairedAtMs: Date.now() };
  await folder.update(camera, () => ({ paired }));
  return key;
}

/** Starts a TLS connection; the handshake may fail. */
export function beginTls(port: number, options: ConnectionOptions): TLSSocket {
  const plain = connect({ port, host: '127.0.0.1' });
  const socket = connectSecurely({
    ...tlsSettings,
    rejectUnauthorized: false,
    ...options,
    socket: plain,
  });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
    plain.destroy();
  });
  return socket;
}

export function proving({ camera, id, key }: CameraKey): ConnectionOptions {
  return {
    pskCallback: () => ({ identity: formatIdentity({ name: camera, keyId: id }), psk: key }),
  };
}

/** Result of a handshake: `secure`, the code of its error, or `closed`. */
export async function outcomeOf(socket: TLSSocket): Promise<string> {
  return await new Promise((resolve) => {
    socket.once('secureConnect', () => resolve('secure'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });
}

/** @throws the error of the handshake */
export async function connectWithKey(port: number, key: CameraKey): Promise<TLSSocket> {
  const socket = beginTls(port, proving(key));
  await once(socket, 'secureConnect');
  return socket;
}
