/**
 * Who is heard. Open, as long as no camera was ever paired: whoever is near. Closed from then on: who proves
 * a camera's key, over TLS, from anywhere; and with `--open` whoever is near too.
 */
import type { Clock } from '../shared/clock.js';
import { OperationalError } from '../shared/errors.js';
import type { Log } from '../shared/log.js';
import { keyFromConnection } from '../shared/secure-channel.js';
import { refusalFor } from './admit.js';
import type { Guest } from './framed-session.js';
import type { HeldKey, KeyHolder, KeyRing } from './keys/key-ring.js';
import type { SecureConnection } from './secure.js';

/** How soon a camera that was unpaired, or whose key was changed, is cut off. */
const lookEveryMs = 2000;
/** How often it is noted that a camera is still here. */
const noteEveryMs = 60_000;

/** For who speaks in the clear where only paired cameras are heard. */
export const closedSentence =
  'this receiver hears paired cameras only: pair this one (receiver pair NAME), ' +
  'or let raw senders in (receiver --open)';

export interface DoorkeeperParts {
  readonly ring: KeyRing;
  /** `--open`: clear text is heard beside paired cameras. */
  readonly isOpenAnyway: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The first camera was paired. May reject. */
  readonly onClosed: () => Promise<void>;
}

export class Doorkeeper {
  /** Who has proven nothing: it may have any name that is nobody's. */
  readonly stranger: Guest = {
    refusalAs: (camera) => {
      if (!this.#parts.ring.cameras().includes(camera)) return undefined;
      return `camera ${camera} is paired: only who has its key may send as it`;
    },
    pair: () =>
      Promise.reject(new OperationalError('PROTOCOL', 'a key is not agreed on in the clear')),
  };
  /** Why a connection is cut off in the middle, as a sentence for the other side. */
  readonly unheard = 'this receiver does not hear it any more: its key was taken back or changed';
  readonly #parts: DoorkeeperParts;
  readonly #holders = new WeakMap<Guest, KeyHolder>();

  constructor(parts: DoorkeeperParts) {
    this.#parts = parts;
  }

  /** Why a peer need not say a word, as a sentence for it; undefined when it may begin. */
  refusalAtOnce(address: string): string | undefined {
    const { ring } = this.#parts;
    try {
      // Who may have a key is heard from anywhere.
      return ring.isClosed() || ring.hasCodes() ? undefined : refusalFor(address);
    } catch (error) {
      this.#parts.log.error('nobody is heard', { error });
      return closedSentence;
    }
  }

  /** Why a peer that speaks in the clear is not heard; undefined when it is. */
  refusalInClear(address: string): string | undefined {
    return this.#isOpen() ? refusalFor(address) : closedSentence;
  }

  /** True when a camera was ever paired, or that cannot be told. */
  get isClosed(): boolean {
    try {
      return this.#parts.ring.isClosed();
    } catch {
      return true;
    }
  }

  /** The key that an identity names. @throws {OperationalError} KEYS */
  find(identity: string): HeldKey | undefined {
    return this.#parts.ring.find(identity);
  }

  /** Takes in who has proven its key. @throws {OperationalError} KEYS */
  async admit({ socket, holder }: SecureConnection): Promise<Guest> {
    const { ring, log } = this.#parts;
    const { camera, isPairing } = holder;
    const pair = async (): Promise<string> => {
      if (isPairing) await ring.offer(holder, keyFromConnection(socket, camera));
      return camera;
    };
    const refusalAs = (asked: string): string | undefined => {
      if (isPairing) return 'this key is for pairing';
      return asked === camera ? undefined : `this is the key of camera ${camera}`;
    };
    const guest: Guest = { camera, refusalAs, pair };
    this.#holders.set(guest, holder);
    if (!isPairing && (await ring.prove(holder))) {
      log.info('a camera is paired', { camera });
      await this.#parts.onClosed().catch((error: unknown) => {
        log.warn('cannot note beside the frames that a camera is paired', { error });
      });
    }
    return guest;
  }

  /** Looks after a guest until `signal` aborts: says once when it is not heard any more. Never rejects. */
  async watch(
    guest: Guest,
    address: string,
    signal: AbortSignal,
    onUnheard: () => void,
  ): Promise<void> {
    const { clock } = this.#parts;
    let notedAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (!this.#stillHears(guest)) {
        onUnheard();
        return;
      }
      if (clock.monotonicMs() - notedAtMs >= noteEveryMs) {
        notedAtMs = clock.monotonicMs();
        await this.#noteSeen(guest, address);
      }
      await clock.sleep(lookEveryMs, signal);
    }
    await this.#noteSeen(guest, address);
  }

  #stillHears(guest: Guest): boolean {
    const holder = this.#holders.get(guest);
    return holder === undefined ? this.#isOpen() : this.#parts.ring.stillHears(holder);
  }

  #isOpen(): boolean {
    if (this.#parts.isOpenAnyway) return true;
    try {
      return !this.#parts.ring.isClosed();
    } catch {
      return false; // what cannot be read opens no door
    }
  }

  async #noteSeen(guest: Guest, address: string): Promise<void> {
    const holder = this.#holders.get(guest);
    if (holder === undefined || holder.isPairing) return;
    const { camera } = holder;
    try {
      await this.#parts.ring.noteSeen(camera, address);
    } catch (error) {
      // It is for people to look at; frames do not wait for it.
      this.#parts.log.debug('cannot note that a camera is here', { camera, error });
    }
  }
}
