/**
 * TLS on a connection whose first bytes are read already, wherever it came from: accepted, passed by systemd,
 * standard input. A peer that has no key of ours gets nothing but an alert, the same one whatever is wrong.
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

/** What a connection begins with, read and not answered yet. */
export interface FirstRecord {
  readonly bytes: Buffer;
  readonly identity: Identity;
}

/** A peer that names a key, and has not proven that it has it. */
export interface KeyClaim {
  readonly identity: Identity;
  /** Undefined: no such key is known, or it cannot be read. */
  readonly held: HeldKey | undefined;
  /** Why it cannot be read. */
  readonly failure?: unknown;
}

export interface TlsConnection {
  readonly socket: TLSSocket;
  readonly holder: KeyHolder;
}

/** Fatal, illegal_parameter: what OpenSSL says when a binder does not fit, byte for byte. */
export const refusingAlert = Buffer.from([0x15, 3, 3, 0, 2, 2, 47]);

/**
 * Stands in for keys that are not known, so that OpenSSL takes the same steps and says the same as with a key
 * that the peer does not have. Nobody knows it.
 */
const decoyKey = randomBytes(keyBytes);

/**
 * Reads a ClientHello to its end, and no further. Whoever sends anything else gets the alert.
 * @param first what was read already @param chunks the rest
 * @throws {OperationalError} KEYS: it is not one that an agent sends. PROTOCOL: it left
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
      throw new OperationalError('KEYS', `no TLS: ${hello.reason}`);
    }
    const next = await chunks.next();
    if (next.done)
      throw new OperationalError('PROTOCOL', 'it left in the middle of its first record');
    bytes = Buffer.concat([bytes, next.value]);
  }
}

/**
 * @param socket nobody reads from it any more
 * @throws {OperationalError} KEYS: it has not proven a key. The connection is then destroyed.
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
    // A server for one connection, so that its callbacks know which it is; it listens on nothing.
    const server = createServer({
      ...tlsSettings,
      handshakeTimeout: helloDeadlineMs,
      pskCallback: (_, asked) => (asked === named ? (held?.key ?? decoyKey) : decoyKey),
    });
    server.on('tlsClientError', refuse);
    server.on('secureConnection', (secured) => {
      // What goes wrong from here on comes out of reading.
      secured.on('error', () => undefined);
      // Without a key that we gave there is no way here; should there be one, it is shut.
      if (held === undefined) refuse(new Error('no key of ours was proven'));
      else resolve({ socket: secured, holder: held.holder });
    });
    const left = (): void => refuse(new Error('it left'));
    socket.once('close', left);
    if (socket.destroyed) left();
    else server.emit('connection', socket);
  });
}

/** What OpenSSL's codes mean here; its own sentences name lines of its source. */
const failureMessages: Readonly<Record<string, string>> = {
  ERR_SSL_BINDER_DOES_NOT_VERIFY: 'it does not have that key',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'its TLS is older than 1.3',
  ERR_SSL_NO_SHARED_CIPHER: 'it has no cipher that is used here',
  ERR_TLS_HANDSHAKE_TIMEOUT: `it was not done in ${helloDeadlineMs / 1000} s`,
  ECONNRESET: 'it left',
};

function describeRefusal(named: string, isKnown: boolean, cause: unknown): OperationalError {
  const what = `no TLS with ${JSON.stringify(named)}`;
  if (cause instanceof OperationalError) return new OperationalError('KEYS', what, { cause });
  if (!isKnown) return new OperationalError('KEYS', `${what}: no camera here has that key`);
  const code = systemCode(cause);
  const said = cause instanceof Error && code === undefined ? cause.message : code;
  const why = failureMessages[code ?? ''] ?? said ?? 'for an unknown reason';
  return new OperationalError('KEYS', `${what}: ${why}`);
}
