/** Opens a TCP connection to a receiver. The link runs the protocol on it. */
import { type Socket, connect } from 'node:net';
import type { Destination } from '../../shared/cli/address.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

/** Deadline for all addresses of the name together. */
const connectDeadlineMs = 15_000;
/** After this time the next address is tried in parallel; Node's default of 250 ms is too short for slow links. */
const addressDeadlineMs = 4000;

/** Resolves the name and tries all of its addresses. @throws {OperationalError} LINK */
export function openConnection({ host, port }: Destination, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressDeadlineMs,
    });
    const fail = (cause: unknown): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      const hint = hints[connectCode(cause) ?? ''];
      reject(new OperationalError('LINK', 'cannot connect', { cause, ...(hint && { hint }) }));
    };
    const stop = (): void => fail(new Error('stopping'));
    const deadline = setTimeout(
      () => fail(new Error(`no answer within ${connectDeadlineMs / 1000} s`)),
      connectDeadlineMs,
    );
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** With several addresses the error is an AggregateError; its first error is enough for a hint. */
function connectCode(cause: unknown): string | undefined {
  return systemCode(cause instanceof AggregateError ? cause.errors[0] : cause);
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'check that the receiver runs and that --host has its port',
  ENOTFOUND: 'unknown host name: check --host, or give an IP address',
  EAI_AGAIN: 'the DNS server does not answer: check the network',
  EHOSTUNREACH:
    "check that the receiver's machine is on and in a network that this machine reaches",
  ENETUNREACH: 'this machine has no route: check its network',
  ETIMEDOUT: "check that the receiver's machine is on and that no firewall blocks the port",
};
