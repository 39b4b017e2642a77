/** How many connections one address may hold: others reach the viewer while one opens as many as it can. */
import type { Socket } from 'node:net';
import { plainAddress } from '../../../shared/protocol/camera-name.js';
import { prefixOf } from '../../../shared/protocol/network.js';

/** A browser has six for each page's files, and one for the live events of each page. */
export const maxConnectionsPerAddress = 64;

export class ConnectionLimit {
  readonly #counts = new Map<string, number>();
  readonly #isProxy: (address: string) => boolean;

  /** @param isProxy its connections are those of many clients: they are not counted */
  constructor(isProxy: (address: string) => boolean) {
    this.#isProxy = isProxy;
  }

  /** Counts a connection until it is closed. @returns false: its address has too many */
  admit(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress ?? '127.0.0.1');
    if (this.#isProxy(address)) return true;
    const network = prefixOf(address);
    const count = this.#counts.get(network) ?? 0;
    if (count >= maxConnectionsPerAddress) return false;
    this.#counts.set(network, count + 1);
    socket.once('close', () => this.#release(network));
    return true;
  }

  #release(network: string): void {
    const count = this.#counts.get(network) ?? 0;
    if (count <= 1) this.#counts.delete(network);
    else this.#counts.set(network, count - 1);
  }
}
