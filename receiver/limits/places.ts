/**
 * Who has a place: newcomers, who have shown nothing yet, and those who are served. When newcomers are too
 * many, the oldest of the address that has most of them gives way: a flood displaces itself, and a camera
 * that needs a moment for its handshake gets it. Those served never give way. Pure.
 */
import { maxNewcomers } from './limits.js';
import { networkOf } from './network.js';

export interface PlacesSettings {
  /** Of paired cameras, and as many of others: who has no key takes no camera's place. */
  readonly maxConnections: number;
  /** Served from one address, without a key. */
  readonly maxConnectionsPerAddress: number;
}

export interface Place {
  readonly network: string;
  /** It is needed by another: end the connection. */
  readonly giveWay: () => void;
}

export class Places {
  readonly #settings: PlacesSettings;
  /** By network; oldest first. */
  readonly #newcomers = new Map<string, Set<Place>>();
  #newcomerCount = 0;
  readonly #paired = new Set<Place>();
  readonly #strangers = new Set<Place>();

  constructor(settings: PlacesSettings) {
    this.#settings = settings;
  }

  /** A newcomer; another one may have to give way for it. */
  come(address: string, giveWay: () => void): Place {
    if (this.#newcomerCount >= maxNewcomers) this.#displace();
    const place: Place = { network: networkOf(address), giveWay };
    const together = this.#newcomers.get(place.network) ?? new Set();
    this.#newcomers.set(place.network, together.add(place));
    this.#newcomerCount += 1;
    return place;
  }

  /**
   * It is to be served from now on.
   * @param isPaired it has proven a camera's key
   * @returns why not, as a sentence for it; undefined when it is
   */
  settle(place: Place, isPaired: boolean): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#settings;
    const served = isPaired ? this.#paired : this.#strangers;
    if (served.size >= maxConnections) {
      return `busy: ${maxConnections} connections are open, the limit set by --max-connections`;
    }
    const neighbours = [...served].filter(({ network }) => network === place.network).length;
    if (!isPaired && neighbours >= maxConnectionsPerAddress) {
      const limit = `${maxConnectionsPerAddress} connections from ${place.network} are open`;
      return `busy: ${limit}, the limit set by --max-connections-per-address`;
    }
    this.#forget(place);
    served.add(place);
    return undefined;
  }

  /** The connection has ended. */
  leave(place: Place): void {
    this.#forget(place);
    this.#paired.delete(place);
    this.#strangers.delete(place);
  }

  #displace(): void {
    const [most] = [...this.#newcomers.values()].sort((a, b) => b.size - a.size);
    const [oldest] = most ?? [];
    if (oldest === undefined) return;
    this.#forget(oldest);
    oldest.giveWay();
  }

  #forget(place: Place): void {
    const together = this.#newcomers.get(place.network);
    if (!together?.delete(place)) return;
    this.#newcomerCount -= 1;
    if (together.size === 0) this.#newcomers.delete(place.network);
  }
}
