/**
 * TLS on a connection whose first bytes are read already, of any origin: accepted, passed by systemd, standard
 * input. A peer that proves no known key gets an alert and nothing else, the same alert for every failure.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type TLSSocket, createServer } from 'node:tls';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type Identity, formatIdentity, keyBytes } from '../../shared/keys/identity.js';
import { helloDeadlineMs } from '../../shared/protocol/protocol-limits.js';
import { tlsSettings } from '../../shared/keys/tls-settings.js';
import { readClientHello } from './client-hello.js';
import type { HeldKey, KeyHolder } from './keys/key-ring.js';

/** The ClientHello of a connection, read and not answered yet. */
export interface FirstRecord {
  readonly bytes: Buffer;
  readonly identity: Identity;
}

/** A key that a peer names and has not proven yet. */
export interface KeyClaim {
  readonly identity: Identity;
  /** Undefined: there is no such key, or it cannot be read. */
  readonly held: HeldKey | undefined;
  /** Why the key cannot be read. */
  readonly failure?: unknown;
}

export interface TlsConnection {
  readonly socket: TLSSocket;
  readonly holder: KeyHolder;
}

/** Fatal, illegal_parameter: byte for byte what OpenSSL sends when a binder does not verify. */
export const refusingAlert = Buffer.from([0x15, 3, 3, 0, 2, 2, 47]);

/**
 * Stands in for unknown keys, so that OpenSSL does the same work and sends the same alert for an unknown key as for a
 * wrong one. Random, and never leaves this process.
 */
const decoyKey = randomBytes(keyBytes);

/**
 * Reads a ClientHello to its end, and no further. Anything else is answered with the alert.
 * @param first the bytes read so far @param chunks the following ones
 * @throws {OperationalError} KEYS: it is not a ClientHello that an agent sends. PROTOCOL: the peer closed
 */
export async function readFirstRecord(
  socket: Socket,
  first: Buffer,
  chunks: AsyncIterator<Buffer, undefined>,
): Promise<FirstRecord> {
  let bytes = first;
  for (;;) {
    const hello = readClientHello(bytes);
    if (hello.kind === 'whole') return { bytes, identity: hello.identity };
    if (hello.kind === 'refused') {
      socket.end(refusingAlert);
      throw new OperationalError('KEYS', `TLS refused: ${hello.reason}`);
    }
    const next = await chunks.next();
    if (next.done)
      throw new OperationalError('PROTOCOL', 'connection closed inside the first record');
    bytes = Buffer.concat([bytes, next.value]);
  }
}

/**
 * @param socket has no other reader
 * @throws {OperationalError} KEYS: no key is proven. The connection is then destroyed.
 */
export function acceptTls(
  socket: Socket,
  { bytes }: FirstRecord,
  { identity, held, failure }: KeyClaim,
): Promise<TlsConnection> {
  socket.unshift(bytes);
  const named = formatIdentity(identity);
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown): void => {
      socket.destroy();
      reject(describeRefusal(named, held !== undefined, failure ?? error));
    };
    // One server per connection, so that its callbacks belong to this one; it never listens.
    const server = createServer({
      ...tlsSettings,
      handshakeTimeout: helloDeadlineMs,
      pskCallback: (_, offered) => (offered === named ? (held?.key ?? decoyKey) : decoyKey),
    });
    server.on('tlsClientError', refuse);
    server.on('secureConnection', (secured) => {
      // Later errors reach the reader of the socket.
      secured.on('error', () => undefined);
      // Cannot happen without a known key; refused all the same.
      if (held === undefined) refuse(new Error('no known key was proven'));
      else resolve({ socket: secured, holder: held.holder });
    });
    const onClose = (): void => refuse(new Error('connection closed'));
    socket.once('close', onClose);
    if (socket.destroyed) onClose();
    else server.emit('connection', socket);
  });
}

/** OpenSSL's error codes in plain words; its own messages name lines of its source. */
const failureMessages: Readonly<Record<string, string>> = {
  ERR_SSL_BINDER_DOES_NOT_VERIFY: 'the peer does not have this key',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'TLS is older than 1.3',
  ERR_SSL_NO_SHARED_CIPHER: 'no common cipher suite',
  ERR_TLS_HANDSHAKE_TIMEOUT: `not complete within ${helloDeadlineMs / 1000} s`,
  ECONNRESET: 'connection reset',
};

function describeRefusal(named: string, isKnown: boolean, cause: unknown): OperationalError {
  const what = `TLS handshake as ${JSON.stringify(named)} failed`;
  if (cause instanceof OperationalError) return new OperationalError('KEYS', what, { cause });
  if (!isKnown) return new OperationalError('KEYS', `${what}: no camera has this key`);
  const code = systemCode(cause);
  const fallback = cause instanceof Error && code === undefined ? cause.message : code;
  const why = failureMessages[code ?? ''] ?? fallback ?? 'unknown error';
  return new OperationalError('KEYS', `${what}: ${why}`);
}
