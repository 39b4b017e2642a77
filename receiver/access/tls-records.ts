/**
 * Limits what TLS records may cost. OpenSSL handles a record in some microseconds, whatever it carries: one byte, or a
 * KeyUpdate and no byte at all, in 22 bytes on the network. Such records reach no message that is paid for, and
 * OpenSSL has no limit. So a connection whose records carry almost nothing is closed, and its key is not accepted
 * for a minute. Only a peer that has proven the key can cause that.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { keySuspendedMs, maxTlsOverheadBytes } from '../limits/receiver-limits.js';
import { refusingAlert } from './tls.js';

const checkEveryMs = 50;

interface Watched {
  readonly plain: Socket;
  readonly secured: Socket;
  readonly identity: string;
  /** Up to so many bytes of records no more has to be read: what they carry only grows. */
  allowedBytes: number;
}

export class TlsRecords {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By identity: the end of its suspension. At most one entry for each key. */
  readonly #suspended = new Map<string, number>();
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Sends the alert to a suspended peer. @throws {OperationalError} KEYS: it is suspended */
  check(plain: Socket, identity: string): void {
    const untilMs = this.#suspended.get(identity);
    if (untilMs === undefined) return;
    if (untilMs > this.#clock.monotonicMs()) {
      plain.end(refusingAlert);
      const reason = 'its TLS records carried almost nothing';
      throw new OperationalError('KEYS', `${identity} is not accepted for a minute: ${reason}`);
    }
    this.#suspended.delete(identity);
  }

  /** Watches a connection until it closes. @param plain the connection below TLS */
  watch(plain: Socket, secured: Socket, identity: string): void {
    const watched = { plain, secured, identity, allowedBytes: maxTlsOverheadBytes };
    const onClose = (): void => {
      this.#watched.delete(watched);
    };
    this.#watched.add(watched);
    secured.once('close', onClose);
    plain.once('close', onClose);
    // One timer for all: a receiver of a thousand cameras is idle most of the time.
    this.#timer ??= setInterval(() => {
      for (const each of this.#watched) this.#checkOverhead(each);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    }, checkEveryMs).unref();
  }

  #checkOverhead(watched: Watched): void {
    const { plain, secured, identity } = watched;
    const recordBytes = plain.bytesRead;
    if (recordBytes <= watched.allowedBytes) return;
    const carriedBytes = secured.bytesRead;
    watched.allowedBytes = 2 * carriedBytes + maxTlsOverheadBytes;
    if (recordBytes <= watched.allowedBytes) return;
    this.#suspended.set(identity, this.#clock.monotonicMs() + keySuspendedMs);
    const bytes = `${recordBytes} bytes of TLS records carried ${carriedBytes}`;
    plain.destroy();
    secured.destroy(new OperationalError('PROTOCOL', bytes));
  }
}
