/**
 * Who has a place: newcomers, who have shown nothing yet, and those who are served. When newcomers are too
 * many, the oldest of the address that has most of them gives way: a flood displaces itself, and a camera
 * that needs a moment for its handshake gets it. Those served never give way. Pure.
 */
import { maxPendingConnections } from './receiver-limits.js';
import { networkOf } from './network.js';

export interface ConnectionLimits {
  /** Of paired cameras, and as many of others: who has no key takes no camera's place. */
  readonly maxConnections: number;
  /** Served from one address, without a key. */
  readonly maxConnectionsPerAddress: number;
}

export interface ConnectionSlot {
  readonly network: string;
  /** It is needed by another: end the connection. */
  readonly evict: () => void;
}

export class ConnectionLimiter {
  readonly #settings: ConnectionLimits;
  /** By network; oldest first. */
  readonly #pending = new Map<string, Set<ConnectionSlot>>();
  #pendingCount = 0;
  readonly #paired = new Set<ConnectionSlot>();
  readonly #anonymous = new Set<ConnectionSlot>();

  constructor(settings: ConnectionLimits) {
    this.#settings = settings;
  }

  /** A newcomer; another one may have to give way for it. */
  accept(address: string, evict: () => void): ConnectionSlot {
    if (this.#pendingCount >= maxPendingConnections) this.#evictOldestPending();
    const place: ConnectionSlot = { network: networkOf(address), evict };
    const together = this.#pending.get(place.network) ?? new Set();
    this.#pending.set(place.network, together.add(place));
    this.#pendingCount += 1;
    return place;
  }

  /**
   * It is to be served from now on.
   * @param isPaired it has proven a camera's key
   * @returns why not, as a sentence for it; undefined when it is
   */
  admit(place: ConnectionSlot, isPaired: boolean): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#settings;
    const served = isPaired ? this.#paired : this.#anonymous;
    if (served.size >= maxConnections) {
      return `busy: ${maxConnections} connections are open, the limit set by --max-connections`;
    }
    const neighbours = [...served].filter(({ network }) => network === place.network).length;
    if (!isPaired && neighbours >= maxConnectionsPerAddress) {
      const limit = `${maxConnectionsPerAddress} connections from ${place.network} are open`;
      return `busy: ${limit}, the limit set by --max-connections-per-address`;
    }
    this.#removePending(place);
    served.add(place);
    return undefined;
  }

  /** The connection has ended. */
  release(place: ConnectionSlot): void {
    this.#removePending(place);
    this.#paired.delete(place);
    this.#anonymous.delete(place);
  }

  #evictOldestPending(): void {
    const [most] = [...this.#pending.values()].sort((a, b) => b.size - a.size);
    const [oldest] = most ?? [];
    if (oldest === undefined) return;
    this.#removePending(oldest);
    oldest.evict();
  }

  #removePending(place: ConnectionSlot): void {
    const together = this.#pending.get(place.network);
    if (!together?.delete(place)) return;
    this.#pendingCount -= 1;
    if (together.size === 0) this.#pending.delete(place.network);
  }
}
