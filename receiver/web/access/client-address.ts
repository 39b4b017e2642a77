/** Where a request comes from: the peer itself, or, through a proxy that is named, the client of that proxy. */
import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { plainAddress } from '../../../shared/protocol/camera-name.js';
import { ProxyNetworks } from '../../listen/proxy-networks.js';

export interface Client {
  /** Without zone; IPv4-mapped as IPv4. */
  readonly address: string;
  /** What arrived over https at a named proxy, or from this machine without one: nothing on the network can read it. */
  readonly isPrivate: boolean;
  readonly isHttps: boolean;
}

/** What proxies add. A request of a browser has none of them. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-real-ip'];

/** Another program has passed the request on. */
export function cameThroughProxy({ headers }: IncomingMessage): boolean {
  return proxyHeaders.some((name) => headers[name] !== undefined);
}

export class Proxies extends ProxyNetworks {
  clientOf({ socket, headers }: IncomingMessage): Client {
    // A socket of the file system has no address: its peer is a program of this machine.
    const peer = plainAddress(socket.remoteAddress ?? '127.0.0.1');
    if (!this.includes(peer)) return { address: peer, isPrivate: isLoopback(peer), isHttps: false };
    let address = peer;
    // Each proxy appends the address of its own peer; what is before the first unknown one, anyone can have written.
    for (const text of String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .reverse()) {
      const next = addressIn(text.trim());
      if (next === undefined) break;
      address = next;
      if (!this.includes(next)) break;
    }
    const protocol = String(headers['x-forwarded-proto'] ?? '')
      .split(',')
      .at(-1);
    const isHttps = protocol?.trim().toLowerCase() === 'https';
    return { address, isPrivate: isHttps || isLoopback(address), isHttps };
  }
}

/** Some proxies add the port. */
function addressIn(text: string): string | undefined {
  const inner = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1];
  const address = plainAddress(inner ?? text);
  return isIP(address) === 0 ? undefined : address;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
