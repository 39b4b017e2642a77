/**
 * TLS over a connection to a receiver. Both ends prove that they have the key before a byte of ours is sent:
 * whoever else answers learns the camera's name and the key's id, and nothing more.
 */
import type { Socket } from 'node:net';
import { type TLSSocket, connect } from 'node:tls';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type Identity, formatIdentity, pairingName } from '../../shared/keys/identity.js';
import { helloDeadlineMs } from '../../shared/protocol/protocol-limits.js';
import { tlsSettings } from '../../shared/keys/tls-settings.js';

/** @throws {OperationalError} KEYS: the other side has not proven the key. LINK: the connection broke */
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
      // Asked only when a certificate was shown in place of the key.
      checkServerIdentity: () => new Error('it shows a certificate, and does not have the key'),
    });
    const settle = (): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      secured.off('error', giveUp).off('close', closed);
    };
    const giveUp = (cause: unknown): void => {
      settle();
      // An error after this one has nobody to tell.
      secured.on('error', () => undefined);
      secured.destroy();
      socket.destroy();
      reject(describeFailure(cause, identity));
    };
    const stop = (): void => giveUp(new OperationalError('LINK', 'stopping'));
    const closed = (): void => giveUp(new OperationalError('LINK', 'the connection was closed'));
    const deadline = setTimeout(() => {
      const limit = `no TLS within ${helloDeadlineMs / 1000} s`;
      giveUp(new OperationalError('LINK', limit));
    }, helloDeadlineMs);
    signal.addEventListener('abort', stop, { once: true });
    secured.once('error', giveUp);
    secured.once('close', closed);
    secured.once('secureConnect', () => {
      // With a key from both ends there is no certificate; so says OpenSSL that it "reused" the key.
      if (!secured.isSessionReused()) {
        giveUp(new Error('it does not have the key'));
        return;
      }
      settle();
      resolve(secured);
    });
  });
}

/** What a receiver that refuses an identity, or has another key under it, answers. */
const refusals = new Set([
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER',
  'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
]);

function describeFailure(cause: unknown, { name }: Identity): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const code = systemCode(cause) ?? '';
  if (refusals.has(code) && name === pairingName) {
    return new OperationalError('KEYS', 'the receiver does not take this code', {
      hint: 'it is used up, replaced or older than 15 minutes: receiver pair NAME there makes another',
    });
  }
  if (refusals.has(code)) {
    return new OperationalError('KEYS', 'the receiver does not know this key', {
      hint: 'it was taken back or changed: receiver pair NAME there makes a code to pair again',
    });
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return new OperationalError('KEYS', 'what answers there does not speak TLS', {
      hint: 'nothing is sent to it in the clear; is this the right host and port?',
    });
  }
  // OpenSSL's own sentences name lines of its source.
  if (code.startsWith('ERR_SSL')) return new OperationalError('KEYS', `TLS failed: ${code}`);
  if (code !== '') return new OperationalError('LINK', 'the connection broke', { cause });
  return new OperationalError('KEYS', 'what answers there is not the receiver', { cause });
}
