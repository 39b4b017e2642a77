/**
 * Which peers are accepted. Open, until the first camera is paired: any peer from a private address. Closed from
 * then on: peers that prove a camera's key, over TLS, from any address; with `--open` also anonymous peers from
 * private addresses.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { type Identity, formatIdentity } from '../../shared/keys/identity.js';
import { keyFromConnection } from '../../shared/keys/tls-settings.js';
import { refusalFor } from './address-policy.js';
import type { Peer, Signer } from './peer.js';
import { readPublicKey } from '../../shared/protocol/statement.js';
import type { KeyHolder, KeyRing } from './keys/key-ring.js';
import { pairedOnlyMessage } from '../../shared/protocol/plain-answers.js';
import type { KeyClaim, TlsConnection } from './tls.js';

/** How often an idle peer is checked for revocation; a peer that sends is checked at each frame. */
const checkEveryMs = 2000;
/** How often a connected camera's last-seen time is written. */
const noteSeenEveryMs = 60_000;
/** Shortest time between two writes, for a camera that connects again and again. */
const minNoteSeenMs = 10_000;

export interface AccessControlParts {
  readonly ring: KeyRing;
  /** `--open`: plaintext is accepted beside paired cameras. */
  readonly isOpenAnyway: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a camera has been paired. May reject. */
  readonly onFirstPairing: () => Promise<void>;
}

/** Why an accepted connection is closed, as a sentence for the peer. */
const revocationMessages = {
  unpaired: 'this receiver no longer accepts this camera: its key was removed or replaced',
  closed: 'this receiver now accepts paired cameras only: pair this one (receiver pair NAME)',
} as const;

const rotateHint = 'if the camera was set up anew, pair it again: receiver pair NAME --rotate';

function unpinnedSigner(publicKey: string | undefined): Signer {
  const key = publicKey === undefined ? undefined : readPublicKey(publicKey);
  return { key, flaw: key && 'unpinned-key' };
}

export class AccessControl {
  readonly #parts: AccessControlParts;
  readonly #holders = new WeakMap<Peer, KeyHolder>();
  /** By camera: when and from where it was noted last. */
  readonly #lastSeen = new Map<string, { readonly address: string; readonly atMs: number }>();

  constructor(parts: AccessControlParts) {
    this.#parts = parts;
  }

  /** Why a peer is refused before it sends anything, as a sentence for it; undefined: it may begin. */
  refusalOnConnect(address: string): string | undefined {
    const { ring } = this.#parts;
    try {
      // A peer that may have a key or a code is accepted from any address.
      return ring.isClosed() || ring.hasCodes() ? undefined : refusalFor(address);
    } catch (error) {
      this.#parts.log.error('rejecting all connections: the keys cannot be read', { error });
      return pairedOnlyMessage;
    }
  }

  /** Why a plaintext peer is refused; undefined: it is accepted. */
  refusalOfPlaintext(address: string): string | undefined {
    return this.#isOpen() ? refusalFor(address) : pairedOnlyMessage;
  }

  /** True when a camera was ever paired, or the keys cannot be read. */
  get isClosed(): boolean {
    try {
      return this.#parts.ring.isClosed();
    } catch {
      return true;
    }
  }

  /** Whether this identity has a key. Never throws: a key that cannot be read counts as none. */
  hasKey(identity: string): boolean {
    try {
      return this.#parts.ring.find(identity) !== undefined;
    } catch {
      return false;
    }
  }

  /** Reads the key that a peer names. Never throws. */
  lookUpClaim(identity: Identity): KeyClaim {
    try {
      return { identity, held: this.#parts.ring.find(formatIdentity(identity)) };
    } catch (failure) {
      return { identity, held: undefined, failure };
    }
  }

  /** A peer without a key: it may use any name but those of paired cameras. */
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
      pair: () => Promise.reject(new OperationalError('PROTOCOL', 'pairing needs TLS')),
      signer: (publicKey) => Promise.resolve(unpinnedSigner(publicKey)),
    };
  }

  /** A peer that has proven its key. @throws {OperationalError} KEYS */
  async authenticate({ socket, holder }: TlsConnection): Promise<Peer> {
    const { ring, log } = this.#parts;
    const { camera, isPairing } = holder;
    const pair = async (publicKey: string | undefined): Promise<string> => {
      if (isPairing) await ring.offer(holder, keyFromConnection(socket, camera), publicKey);
      return camera;
    };
    const signer = (publicKey: string | undefined): Promise<Signer> =>
      this.#signerOf(camera, publicKey);
    const refusalForName = (requested: string): string | undefined => {
      if (isPairing) return 'a pairing code may pair, and not send';
      return requested === camera ? undefined : `this key belongs to camera ${camera}`;
    };
    const revocation = (): string | undefined =>
      ring.isStillValid(holder) ? undefined : revocationMessages.unpaired;
    const peer: Peer = { camera, isPaired: true, refusalForName, revocation, pair, signer };
    this.#holders.set(peer, holder);
    if (!isPairing && (await ring.confirmKey(holder))) {
      log.info('camera paired', { camera });
      await this.#parts.onFirstPairing().catch((error: unknown) => {
        log.warn('cannot write the mark of the first pairing in the captures directory', { error });
      });
    }
    return peer;
  }

  /**
   * Checks a peer until `signal` aborts; calls `onRevoked` once, with the reason, when it is no longer accepted.
   * Never rejects.
   */
  async watchRevocation(
    peer: Peer,
    address: string,
    signal: AbortSignal,
    onRevoked: (why: string) => void,
  ): Promise<void> {
    const { clock } = this.#parts;
    let seenAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const why = peer.revocation();
      if (why !== undefined) {
        onRevoked(why);
        return;
      }
      if (clock.monotonicMs() - seenAtMs >= noteSeenEveryMs) {
        seenAtMs = clock.monotonicMs();
        await this.#noteSeen(peer, address);
      }
      await clock.sleep(checkEveryMs, signal);
    }
    await this.#noteSeen(peer, address);
  }

  async #signerOf(camera: string, publicKey: string | undefined): Promise<Signer> {
    const { ring, log } = this.#parts;
    const key = publicKey === undefined ? undefined : readPublicKey(publicKey);
    try {
      let pinned = ring.signerOf(camera);
      if (key === undefined || publicKey === undefined) {
        if (pinned === undefined) return { key: undefined, flaw: undefined };
        log.error('a camera with a pinned key does not sign its frames', {
          camera,
          hint: rotateHint,
        });
        return { key: undefined, flaw: 'not-signed' };
      }
      if (pinned === undefined) {
        pinned = await ring.pinSigner(camera, publicKey);
        log.warn('key of signatures pinned: the camera was paired without one', { camera });
      }
      if (pinned === publicKey) return { key, flaw: undefined };
      log.error('a camera signs with another key than the pinned one', {
        camera,
        hint: rotateHint,
      });
      return { key, flaw: 'other-key' };
    } catch (error) {
      log.error('cannot pin the key of signatures', { camera, error });
      return unpinnedSigner(publicKey);
    }
  }

  #refusalOfAnonymous(camera: string): string | undefined {
    try {
      if (!this.#parts.ring.isPaired(camera)) return undefined;
    } catch {
      // A file that cannot be read may hold a key.
    }
    return `camera ${camera} is paired: this name needs its key`;
  }

  #isOpen(): boolean {
    if (this.#parts.isOpenAnyway) return true;
    try {
      return !this.#parts.ring.isClosed();
    } catch {
      return false; // keys that cannot be read never open the receiver
    }
  }

  async #noteSeen(peer: Peer, address: string): Promise<void> {
    const holder = this.#holders.get(peer);
    if (holder === undefined || holder.isPairing) return;
    const { camera } = holder;
    const nowMs = this.#parts.clock.monotonicMs();
    const last = this.#lastSeen.get(camera);
    if (last?.address === address && nowMs - last.atMs < minNoteSeenMs) return;
    this.#lastSeen.set(camera, { address, atMs: nowMs });
    try {
      await this.#parts.ring.noteSeen(camera, address);
    } catch (error) {
      // Only `receiver cameras` and `status` show it; frames do not wait for it.
      this.#parts.log.debug('cannot write the last-seen time', { camera, error });
    }
  }
}
