/**
 * TLS 1.3 with a pre-shared key over a connection to a receiver. Both sides prove the key before the agent sends data:
 * any other peer learns only the camera's name and the key's id.
 */
import type { Socket } from 'node:net';
import { type TLSSocket, connect } from 'node:tls';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type Identity, formatIdentity, pairingName } from '../../shared/keys/identity.js';
import { helloDeadlineMs } from '../../shared/protocol/protocol-limits.js';
import { tlsSettings } from '../../shared/keys/tls-settings.js';

/** @throws {OperationalError} KEYS: the peer has not proven the key. LINK: the connection broke */
export function connectTls(
  socket: Socket,
  identity: Identity,
  key: Buffer,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connect({
      ...tlsSettings,
      socket,
      pskCallback: () => ({ identity: formatIdentity(identity), psk: key }),
      // Called only when the peer has sent a certificate instead of using the key.
      checkServerIdentity: () => new Error('the peer sent a certificate instead of using the key'),
    });
    const cleanUp = (): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      secured.off('error', fail).off('close', closed);
    };
    const fail = (cause: unknown): void => {
      cleanUp();
      // Later errors are ignored; without a listener they would end the process.
      secured.on('error', () => undefined);
      secured.destroy();
      socket.destroy();
      reject(describeFailure(cause, identity));
    };
    const stop = (): void => fail(new OperationalError('LINK', 'stopping'));
    const closed = (): void =>
      fail(new OperationalError('LINK', 'the connection was closed during the TLS handshake'));
    const deadline = setTimeout(() => {
      const limit = `no TLS handshake within ${helloDeadlineMs / 1000} s`;
      fail(new OperationalError('LINK', limit));
    }, helloDeadlineMs);
    signal.addEventListener('abort', stop, { once: true });
    secured.once('error', fail);
    secured.once('close', closed);
    secured.once('secureConnect', () => {
      // OpenSSL reports a handshake with a pre-shared key as a reused session.
      if (!secured.isSessionReused()) {
        fail(new Error('the peer did not use the key'));
        return;
      }
      cleanUp();
      resolve(secured);
    });
  });
}

/** Alerts of a receiver that refuses the identity or has another key under it. */
const refusals = new Set([
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER',
  'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
]);

function describeFailure(cause: unknown, { name }: Identity): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const code = systemCode(cause) ?? '';
  if (refusals.has(code) && name === pairingName) {
    return new OperationalError('KEYS', 'the receiver refused the pairing code', {
      hint: "a code is valid once and for 15 minutes: run 'receiver pair NAME' there for a new one",
    });
  }
  if (refusals.has(code)) {
    return new OperationalError('KEYS', 'the receiver does not know this key', {
      hint: "the camera was unpaired or paired again: run 'receiver pair NAME' there for a new code",
    });
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return new OperationalError('KEYS', 'the peer does not use TLS', {
      hint: 'nothing is sent in the clear; check the host and the port',
    });
  }
  // Without the cause: OpenSSL's messages contain line numbers of its source.
  if (code.startsWith('ERR_SSL')) {
    return new OperationalError('KEYS', `TLS handshake failed: ${code}`);
  }
  if (code !== '') return new OperationalError('LINK', 'the connection broke', { cause });
  return new OperationalError('KEYS', 'the peer is not the paired receiver', { cause });
}
