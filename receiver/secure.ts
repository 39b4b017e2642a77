/**
 * TLS on a connection whose first bytes are read already, wherever it came from: accepted, passed by systemd,
 * standard input. Who has no key that we know gets nothing but an alert.
 */
import type { Socket } from 'node:net';
import { type TLSSocket, createServer } from 'node:tls';
import { OperationalError, systemCode } from '../shared/errors.js';
import { helloDeadlineMs } from '../shared/protocol/limits.js';
import { tlsSettings } from '../shared/secure-channel.js';
import type { HeldKey, KeyHolder } from './keys/key-ring.js';

export interface SecureConnection {
  readonly socket: TLSSocket;
  readonly holder: KeyHolder;
}

/**
 * @param socket nobody reads from it any more
 * @param first what was read from it
 * @param find by the identity that the other side names; may throw, which refuses it
 * @throws {OperationalError} KEYS: it has not proven a key. The connection is then destroyed.
 */
export function secure(
  socket: Socket,
  first: Buffer,
  find: (identity: string) => HeldKey | undefined,
): Promise<SecureConnection> {
  socket.unshift(first);
  return new Promise((resolve, reject) => {
    let held: HeldKey | undefined;
    let failure: unknown;
    let named = 'no identity';
    const refuse = (error: unknown): void => {
      socket.destroy();
      reject(describeRefusal(named, failure ?? error));
    };
    // A server for one connection, so that its callbacks know which it is; it listens on nothing.
    const server = createServer({
      ...tlsSettings,
      handshakeTimeout: helloDeadlineMs,
      pskCallback: (_, identity) => {
        named = identity;
        try {
          held = find(identity);
        } catch (error) {
          // Thrown in here it would end the process.
          held = undefined;
          failure = error;
        }
        return held === undefined ? null : held.key;
      },
    });
    server.on('tlsClientError', refuse);
    server.on('secureConnection', (secured) => {
      // What goes wrong from here on comes out of reading.
      secured.on('error', () => undefined);
      // Without a key that we gave there is no way here; should there be one, it is shut.
      if (held === undefined) refuse(new Error('no key was asked for'));
      else resolve({ socket: secured, holder: held.holder });
    });
    socket.once('close', () => refuse(new Error('it left')));
    server.emit('connection', socket);
  });
}

/** What OpenSSL's codes mean here; its own sentences name lines of its source. */
const meanings: Readonly<Record<string, string>> = {
  ERR_SSL_BINDER_DOES_NOT_VERIFY: 'it does not have that key',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no camera here has that key',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'its TLS is older than 1.3',
  ERR_SSL_NO_SHARED_CIPHER: 'it has no cipher that is used here',
  ERR_TLS_HANDSHAKE_TIMEOUT: `it was not done in ${helloDeadlineMs / 1000} s`,
  ECONNRESET: 'it left',
};

function describeRefusal(identity: string, cause: unknown): OperationalError {
  const what = `no TLS with ${JSON.stringify(identity.slice(0, 100))}`;
  if (cause instanceof OperationalError) return new OperationalError('KEYS', what, { cause });
  const code = systemCode(cause);
  const said = cause instanceof Error && code === undefined ? cause.message : code;
  const why = meanings[code ?? ''] ?? said ?? 'for an unknown reason';
  return new OperationalError('KEYS', `${what}: ${why}`);
}
