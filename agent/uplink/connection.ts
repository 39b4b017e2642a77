/** Opens a connection to a receiver, wherever its name leads now. What is said on it is the link's business. */
import { type Socket, connect } from 'node:net';
import type { Destination } from '../../shared/cli/address.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

/** For all addresses of the name together. */
const connectDeadlineMs = 15_000;
/** For one address, before the next is tried too; Node's 250 ms fails on slow links. */
const addressDeadlineMs = 4000;

/** Resolves the name anew and tries all its addresses. @throws {OperationalError} LINK */
export function openConnection({ host, port }: Destination, signal: AbortSignal): Promise<Socket> {
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
