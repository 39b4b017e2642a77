/**
 * Slots for connections: pending ones, before their handshake and hello, and admitted ones. When too many are pending,
 * the oldest of the address with the most pending ones is evicted: a flood evicts its own connections, and a camera
 * has the time for its handshake. Admitted connections are never evicted. Pure.
 */
import { maxPendingConnections } from './receiver-limits.js';
import { networkOf } from '../../shared/protocol/network.js';

export interface ConnectionLimits {
  /** Limit for paired cameras, and a separate limit of the same size for anonymous peers. */
  readonly maxConnections: number;
  /** Limit for anonymous peers from one address. */
  readonly maxConnectionsPerAddress: number;
}

export interface ConnectionSlot {
  readonly network: string;
  /** Closes the connection, since another one needs the slot. */
  readonly evict: () => void;
}

export class ConnectionLimiter {
  readonly #settings: ConnectionLimits;
  /** By network, each set oldest first. */
  readonly #pending = new Map<string, Set<ConnectionSlot>>();
  #pendingCount = 0;
  readonly #paired = new Set<ConnectionSlot>();
  readonly #anonymous = new Set<ConnectionSlot>();

  constructor(settings: ConnectionLimits) {
    this.#settings = settings;
  }

  /** Takes a slot for a new, pending connection; may evict another pending one. */
  accept(address: string, evict: () => void): ConnectionSlot {
    if (this.#pendingCount >= maxPendingConnections) this.#evictOldestPending();
    const slot: ConnectionSlot = { network: networkOf(address), evict };
    const slots = this.#pending.get(slot.network) ?? new Set();
    this.#pending.set(slot.network, slots.add(slot));
    this.#pendingCount += 1;
    return slot;
  }

  /**
   * Admits a pending connection.
   * @param isPaired the peer has proven a camera's key
   * @returns the reason for a refusal, as a sentence for the peer; undefined: admitted
   */
  admit(slot: ConnectionSlot, isPaired: boolean): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#settings;
    const admitted = isPaired ? this.#paired : this.#anonymous;
    if (admitted.size >= maxConnections) {
      return `busy: ${maxConnections} connections are open, the limit set by --max-connections`;
    }
    const ofNetwork = [...admitted].filter(({ network }) => network === slot.network).length;
    if (!isPaired && ofNetwork >= maxConnectionsPerAddress) {
      const limit = `${maxConnectionsPerAddress} connections from ${slot.network} are open`;
      return `busy: ${limit}, the limit set by --max-connections-per-address`;
    }
    this.#removePending(slot);
    admitted.add(slot);
    return undefined;
  }

  /** Frees the slot of a connection that has ended. */
  release(slot: ConnectionSlot): void {
    this.#removePending(slot);
    this.#paired.delete(slot);
    this.#anonymous.delete(slot);
  }

  #evictOldestPending(): void {
    const [largest] = [...this.#pending.values()].sort((a, b) => b.size - a.size);
    const [oldest] = largest ?? [];
    if (oldest === undefined) return;
    this.#removePending(oldest);
    oldest.evict();
  }

  #removePending(slot: ConnectionSlot): void {
    const slots = this.#pending.get(slot.network);
    if (!slots?.delete(slot)) return;
    this.#pendingCount -= 1;
    if (slots.size === 0) this.#pending.delete(slot.network);
  }
}
