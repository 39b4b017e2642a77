/**
 * Who is heard. Open, as long as no camera was ever paired: whoever is near. Closed from then on: who proves
 * a camera's key, over TLS, from anywhere; and with `--open` whoever is near too.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { type Identity, formatIdentity } from '../../shared/keys/identity.js';
import { keyFromConnection } from '../../shared/keys/tls-settings.js';
import { refusalFor } from './address-policy.js';
import type { Peer } from './peer.js';
import type { KeyHolder, KeyRing } from './keys/key-ring.js';
import type { KeyClaim, TlsConnection } from './tls.js';

/** How soon a peer that sends nothing is cut off when it is no longer accepted; frames are looked at each. */
const checkEveryMs = 2000;
/** How often it is noted that a camera is still here. */
const noteEveryMs = 60_000;
/** A camera that connects again and again does not write a file each time. */
const noteAtMostEveryMs = 10_000;

/** For who speaks in the clear where only paired cameras are accepted. */
export const pairedOnlyMessage =
  'this receiver accepts paired cameras only: pair this one (receiver pair NAME), ' +
  'or let raw senders in (receiver --open)';

export interface AccessControlParts {
  readonly ring: KeyRing;
  /** `--open`: clear text is heard beside paired cameras. */
  readonly isOpenAnyway: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The first camera was paired. May reject. */
  readonly onFirstPairing: () => Promise<void>;
}

/** Why a connection is ended in the middle, as a sentence for the other side. */
const revocationMessages = {
  unpaired: 'this receiver no longer accepts it: its key was removed or replaced',
  closed: 'this receiver now accepts paired cameras only: pair this one (receiver pair NAME)',
} as const;

export class AccessControl {
  readonly #parts: AccessControlParts;
  readonly #holders = new WeakMap<Peer, KeyHolder>();
  /** By camera: when and from where it was noted last. */
  readonly #lastSeen = new Map<string, { readonly address: string; readonly atMs: number }>();

  constructor(parts: AccessControlParts) {
    this.#parts = parts;
  }

  /** Why a peer need not say a word, as a sentence for it; undefined when it may begin. */
  refusalOnConnect(address: string): string | undefined {
    const { ring } = this.#parts;
    try {
      // Who may have a key is heard from anywhere.
      return ring.isClosed() || ring.hasCodes() ? undefined : refusalFor(address);
    } catch (error) {
      this.#parts.log.error('rejecting all connections: the keys cannot be read', { error });
      return pairedOnlyMessage;
    }
  }

  /** Why a peer that speaks in the clear is not heard; undefined when it is. */
  refusalOfPlaintext(address: string): string | undefined {
    return this.#isOpen() ? refusalFor(address) : pairedOnlyMessage;
  }

  /** True when a camera was ever paired, or that cannot be told. */
  get isClosed(): boolean {
    try {
      return this.#parts.ring.isClosed();
    } catch {
      return true;
    }
  }

  /** Whether there is a key of this identity. Never throws: what cannot be read is no key. */
  hasKey(identity: string): boolean {
    try {
      return this.#parts.ring.find(identity) !== undefined;
    } catch {
      return false;
    }
  }

  /** Looks up the key that a peer names, once. Never throws. */
  lookUpClaim(identity: Identity): KeyClaim {
    try {
      return { identity, held: this.#parts.ring.find(formatIdentity(identity)) };
    } catch (failure) {
      return { identity, held: undefined, failure };
    }
  }

  /** Takes in a peer that has proven nothing: it may have any name that is no paired camera's. */
  acceptAnonymous(): Peer {
    let name: string | undefined;
    const refusalForName = (camera: string): string | undefined => {
      name = camera;
      return this.#refusalOfAnonymous(camera);
    };
    return {
      isPaired: false,
      refusalForName,
      revocation: () => {
        if (!this.#isOpen()) return revocationMessages.closed;
        return name === undefined ? undefined : this.#refusalOfAnonymous(name);
      },
      pair: () =>
        Promise.reject(new OperationalError('PROTOCOL', 'a key is not agreed on in the clear')),
    };
  }

  /** Takes in a peer that has proven its key. @throws {OperationalError} KEYS */
  async authenticate({ socket, holder }: TlsConnection): Promise<Peer> {
    const { ring, log } = this.#parts;
    const { camera, isPairing } = holder;
    const pair = async (): Promise<string> => {
      if (isPairing) await ring.offer(holder, keyFromConnection(socket, camera));
      return camera;
    };
    const refusalForName = (asked: string): string | undefined => {
      if (isPairing) return 'this key is for pairing';
      return asked === camera ? undefined : `this is the key of camera ${camera}`;
    };
    const revocation = (): string | undefined =>
      ring.isStillValid(holder) ? undefined : revocationMessages.unpaired;
    const peer: Peer = { camera, isPaired: true, refusalForName, revocation, pair };
    this.#holders.set(peer, holder);
    if (!isPairing && (await ring.confirmKey(holder))) {
      log.info('a camera is paired', { camera });
      await this.#parts.onFirstPairing().catch((error: unknown) => {
        log.warn('cannot note beside the frames that a camera is paired', { error });
      });
    }
    return peer;
  }

  /**
   * Looks after a peer until `signal` aborts: says once when it is no longer accepted, and why. Never rejects.
   */
  async watchRevocation(
    peer: Peer,
    address: string,
    signal: AbortSignal,
    onUnheard: (why: string) => void,
  ): Promise<void> {
    const { clock } = this.#parts;
    let notedAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const why = peer.revocation();
      if (why !== undefined) {
        onUnheard(why);
        return;
      }
      if (clock.monotonicMs() - notedAtMs >= noteEveryMs) {
        notedAtMs = clock.monotonicMs();
        await this.#noteSeen(peer, address);
      }
      await clock.sleep(checkEveryMs, signal);
    }
    await this.#noteSeen(peer, address);
  }

  #refusalOfAnonymous(camera: string): string | undefined {
    try {
      if (!this.#parts.ring.isPaired(camera)) return undefined;
    } catch {
      // What cannot be read may be a key.
    }
    return `camera ${camera} is paired: only who has its key may send as it`;
  }

  #isOpen(): boolean {
    if (this.#parts.isOpenAnyway) return true;
    try {
      return !this.#parts.ring.isClosed();
    } catch {
      return false; // what cannot be read opens no door
    }
  }

  async #noteSeen(peer: Peer, address: string): Promise<void> {
    const holder = this.#holders.get(peer);
    if (holder === undefined || holder.isPairing) return;
    const { camera } = holder;
    const nowMs = this.#parts.clock.monotonicMs();
    const last = this.#lastSeen.get(camera);
    if (last?.address === address && nowMs - last.atMs < noteAtMostEveryMs) return;
    this.#lastSeen.set(camera, { address, atMs: nowMs });
    try {
      await this.#parts.ring.noteSeen(camera, address);
    } catch (error) {
      // It is for people to look at; frames do not wait for it.
      this.#parts.log.debug('cannot note that a camera is here', { camera, error });
    }
  }
}
