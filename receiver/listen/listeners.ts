/**
 * Sources of connections: addresses to listen on, sockets that systemd passed, or the one connection on standard
 * input.
 */
import { type Server, type Socket, createServer } from 'node:net';
import { type ListenAddress, defaultPort, formatAddress } from '../../shared/cli/address.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type PassedSocket, connectionOn } from './passed-sockets.js';

/** Connections that the system has and this process has not: it accepts all of them in one turn of its event loop. */
const maxWaitingConnections = 128;

export interface Listeners {
  /** Listening sockets; empty when there are only connections. */
  readonly servers: readonly Server[];
  /** Connections that exist at the start; without servers the receiver ends with them. */
  readonly connections: readonly Socket[];
  /** Names for messages: `[::]:4444`, `standard input`. */
  readonly names: readonly string[];
}

/**
 * Opens the requested addresses, else the sockets from systemd, else standard input, else the default port.
 * @throws {OperationalError} LISTEN: cannot listen on an address or a socket
 */
export async function openListeners(
  requested: readonly ListenAddress[],
  passed: readonly PassedSocket[],
): Promise<Listeners> {
  if (requested.length === 0 && passed.length > 0) return openPassed(passed);
  if (requested.length === 0) {
    const connection = connectionOn(0);
    if (connection) return { servers: [], connections: [connection], names: ['standard input'] };
  }
  const addresses = requested.length > 0 ? requested : [{ address: undefined, port: defaultPort }];
  const servers: Server[] = [];
  try {
    for (const { address, port } of addresses) {
      const options = address === undefined ? { port } : { host: address, port };
      servers.push(await listen(options, formatAddress(address ?? '*', port)));
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { servers, connections: [], names: servers.map(addressOf) };
}

async function openPassed(passed: readonly PassedSocket[]): Promise<Listeners> {
  const servers: Server[] = [];
  const connections: Socket[] = [];
  for (const { fd, name } of passed) {
    const connection = connectionOn(fd);
    if (connection) connections.push(connection);
    else servers.push(await listen({ fd }, `passed socket ${name} (fd ${fd})`));
  }
  const names = [...servers.map(addressOf), ...connections.map(() => 'passed connection')];
  return { servers, connections, names };
}

function listen(options: ListenOptions, name: string): Promise<Server> {
  // Half-open: `cat x.jpg | socat` closes its side before it reads the answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  return startListening(server, { ...options, backlog: maxWaitingConnections }, name);
}

/** @param name for messages @param flag that chooses the port @throws {OperationalError} LISTEN */
export function startListening<S extends Server>(
  server: S,
  options: ListenOptions & { backlog?: number },
  name: string,
  flag = '--listen',
): Promise<S> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const hint = hints[systemCode(cause) ?? '']?.replace('FLAG', flag);
      const facts = { cause, ...(hint !== undefined && { hint }) };
      reject(new OperationalError('LISTEN', `cannot listen on ${name}`, facts));
    };
    server.once('error', fail);
    server.listen(options, () => {
      server.off('error', fail);
      resolve(server);
    });
  });
}

type ListenOptions = { port: number; host?: string } | { fd: number };

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port: stop it, or choose another port with FLAG',
  EACCES: 'ports below 1024 need root: choose another port with FLAG',
  EADDRNOTAVAIL: 'this machine does not have that address: list its addresses with `ip address`',
};

export function addressOf(server: Server): string {
  const address = server.address();
  if (address === null) return 'closed socket';
  return typeof address === 'string' ? address : formatAddress(address.address, address.port);
}
