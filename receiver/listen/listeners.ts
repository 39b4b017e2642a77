/**
 * Where connections come from: addresses to listen on, sockets that systemd passed, or the one connection
 * on standard input.
 */
import { type Server, type Socket, createServer } from 'node:net';
import { type ListenAddress, defaultPort, formatAddress } from '../../shared/cli/address.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type PassedSocket, connectionOn } from './passed-sockets.js';

/** Connections that the system has and this process has not: it accepts all of them in one turn of its event loop. */
const maxWaitingConnections = 128;

export interface Listeners {
  /** Sockets that listen; empty when there are only connections. */
  readonly servers: readonly Server[];
  /** Connections that were there already: when they end, there is nothing more to do. */
  readonly connections: readonly Socket[];
  /** Where it listens, for a message: `[::]:4444`, `standard input`. */
  readonly names: readonly string[];
}

/**
 * Chooses the way in: addresses that were asked for, else sockets from systemd, else standard input, else
 * the default port.
 * @throws {OperationalError} LISTEN: an address or a socket cannot be listened on
 */
export async function openListeners(
  asked: readonly ListenAddress[],
  passed: readonly PassedSocket[],
): Promise<Listeners> {
  if (asked.length === 0 && passed.length > 0) return openPassed(passed);
  if (asked.length === 0) {
    const connection = connectionOn(0);
    if (connection) return { servers: [], connections: [connection], names: ['standard input'] };
  }
  const addresses = asked.length > 0 ? asked : [{ address: undefined, port: defaultPort }];
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
    else servers.push(await listen({ fd }, `the passed socket ${name} (fd ${fd})`));
  }
  const names = [...servers.map(addressOf), ...connections.map(() => 'a passed connection')];
  return { servers, connections, names };
}

function listen(
  options: { port: number; host?: string } | { fd: number },
  shown: string,
): Promise<Server> {
  // Half-open: `cat x.jpg | socat` closes its side before it reads our answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const hint = hints[systemCode(cause) ?? ''];
      const facts = { cause, ...(hint !== undefined && { hint }) };
      reject(new OperationalError('LISTEN', `cannot listen on ${shown}`, facts));
    };
    server.once('error', fail);
    server.listen({ ...options, backlog: maxWaitingConnections }, () => {
      server.off('error', fail);
      resolve(server);
    });
  });
}

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has this port: stop it, or choose another with --listen',
  EACCES: 'ports below 1024 need root: choose another with --listen',
  EADDRNOTAVAIL: 'this machine does not have that address: see `ip address`',
};

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null) return 'nowhere';
  return typeof address === 'string' ? address : formatAddress(address.address, address.port);
}
