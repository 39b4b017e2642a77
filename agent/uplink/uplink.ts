/**
 * Keeps a connection to one receiver: connects, lets a link talk, connects again after growing pauses. The
 * frames wait in the spool meanwhile; nothing here makes capture wait.
 */
import { type Socket, connect } from 'node:net';
import { type Destination, formatAddress } from '../../shared/address.js';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/errors.js';
import type { Log } from '../../shared/log.js';
import { type PauseSettings, pauseAfter } from '../../shared/pause.js';
import { Trouble } from '../../shared/trouble.js';
import type { Spool } from '../spool/spool.js';
import { Link } from './link.js';

export interface UplinkParts {
  readonly destination: Destination;
  readonly camera: string;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** Half a second at first: a receiver that was restarted is back by then. A minute at most. */
const pauses: PauseSettings = { firstMs: 500, capMs: 60_000 };
/** For all addresses of the name together. */
const connectDeadlineMs = 15_000;
/** For one address, before the next is tried too; Node's 250 ms fails on slow links. */
const addressDeadlineMs = 4000;

export class Uplink {
  readonly #parts: UplinkParts;
  readonly #trouble: Trouble;
  readonly #name: string;
  #link: Link | undefined;
  #isDraining = false;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log, parts.clock);
    this.#name = formatAddress(parts.destination.host, parts.destination.port);
    parts.spool.onAdded(() => this.#link?.wake());
  }

  /** Delivers until `signal` aborts. Failures are told and tried again; it never throws for them. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.#isFinished(signal)) {
      let pauseMs = 0;
      try {
        pauseMs = await this.#talk(signal);
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        if (signal.aborted) return;
        this.#trouble.failed(`cannot deliver to ${this.#name}; frames wait`, error);
        pauseMs = pauseAfter(this.#trouble.failures, this.#parts.random(), pauses);
      }
      if (!this.#isFinished(signal)) await this.#parts.clock.sleep(pauseMs, signal);
    }
  }

  /** From now on `run` ends as soon as nothing waits any more. */
  drain(): void {
    this.#isDraining = true;
    this.#link?.drain();
  }

  #isFinished(signal: AbortSignal): boolean {
    return signal.aborted || (this.#isDraining && this.#parts.spool.waitingCount === 0);
  }

  async #talk(signal: AbortSignal): Promise<number> {
    const socket = await openConnection(this.#parts.destination, signal);
    const abort = (): unknown => socket.destroy(new OperationalError('LINK', 'stopping'));
    signal.addEventListener('abort', abort, { once: true });
    const { camera, spool, clock, log } = this.#parts;
    const onWelcome = (): void => {
      this.#trouble.worked(`delivering to ${this.#name} again`);
      log.debug('connected', { receiver: this.#name, waiting: spool.waitingCount });
    };
    const link = (this.#link = new Link(socket, { camera, spool, clock, log, onWelcome }));
    if (this.#isDraining) link.drain();
    try {
      return await link.converse();
    } catch (error) {
      if (error instanceof OperationalError || systemCode(error) === undefined) throw error;
      throw new OperationalError('LINK', 'the connection broke', { cause: error });
    } finally {
      this.#link = undefined;
      signal.removeEventListener('abort', abort);
    }
  }
}

/** Resolves the name anew and tries all its addresses. @throws {OperationalError} LINK */
function openConnection({ host, port }: Destination, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressDeadlineMs,
    });
    const giveUp = (cause: unknown): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      const hint = hints[connectCode(cause) ?? ''];
      reject(new OperationalError('LINK', 'no connection', { cause, ...(hint && { hint }) }));
    };
    const stop = (): void => giveUp(new Error('stopping'));
    const deadline = setTimeout(
      () => giveUp(new Error(`no answer within ${connectDeadlineMs / 1000} s`)),
      connectDeadlineMs,
    );
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', giveUp);
    socket.once('connect', () => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      socket.off('error', giveUp);
      resolve(socket);
    });
  });
}

/** Several addresses fail with an error of errors; the first tells enough for a hint. */
function connectCode(cause: unknown): string | undefined {
  return systemCode(cause instanceof AggregateError ? cause.errors[0] : cause);
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'is the receiver running, and is this its port?',
  ENOTFOUND: 'no such host: check --host, or give its address',
  EAI_AGAIN: 'the name server does not answer: is the network up?',
  EHOSTUNREACH: 'the machine is off, or in another network',
  ENETUNREACH: 'this machine has no network',
  ETIMEDOUT: 'the machine is off, or a firewall is in the way',
};
