/**
 * Which connection sends as which camera: one at a time, so that the frames of two machines never mix. Within this
 * process a list tells, from the hello on; between processes the store's lock does, from the first frame on: taking it
 * starts a program, which a hello alone is not worth.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import type { HelloMessage } from '../../shared/protocol/messages.js';
import type { CameraLock } from '../store/camera-lock.js';
import type { FrameStore } from '../store/store-port.js';

/** What the register needs of a session: a way to end it. */
export interface Registered {
  /** It has proven a key. */
  readonly isPaired: boolean;
  close(why: { code: string; message: string }): Promise<void>;
}

const replaced = { code: 'replaced', message: 'the same agent has connected again' };
const displaced = {
  code: 'replaced',
  message: 'the camera that is paired under this name is here',
};

const busy = (camera: string): string =>
  `another agent sends as camera ${camera} now: give one of the two another --camera`;

export class CameraRegister {
  readonly #store: Pick<FrameStore, 'lock'>;
  readonly #cameras = new Map<string, { session: Registered; epoch: string }>();
  readonly #locks = new Map<Registered, CameraLock>();
  /** Locks that are being taken. */
  readonly #locking = new Map<Registered, Promise<void>>();
  /** Locks on their way back: a new agent need not be refused for them. */
  readonly #releasing = new Set<Promise<void>>();

  constructor(store: Pick<FrameStore, 'lock'>) {
    this.#store = store;
  }

  /**
   * Gives the camera's name to a session, within this process. The same epoch again is a reconnect: the older
   * connection is dead without knowing it, and is closed. So is one without a key, where one with the key comes.
   * @returns why not, as a sentence for the agent; undefined when it has the name
   */
  async enter(session: Registered, { camera, epoch }: HelloMessage): Promise<string | undefined> {
    const holder = this.#cameras.get(camera);
    const isDisplaced = session.isPaired && holder !== undefined && !holder.session.isPaired;
    if (holder !== undefined && holder.epoch !== epoch && !isDisplaced) return busy(camera);
    this.#cameras.set(camera, { session, epoch });
    if (isDisplaced) {
      // Its frames in hand come first: two machines never mix theirs.
      await holder.session.close(displaced);
      await this.#release(holder.session);
    } else void holder?.session.close(replaced);
    return undefined;
  }

  /**
   * Takes the camera's name between processes, once for a session. To be awaited before a frame is stored.
   * @throws {OperationalError} STORE: another process serves an agent of that name, or that cannot be told
   */
  async lock(session: Registered, hello: HelloMessage): Promise<void> {
    if (this.#locks.has(session)) return;
    const locking = this.#locking.get(session) ?? this.#takeLock(session, hello);
    this.#locking.set(session, locking);
    try {
      await locking;
    } finally {
      this.#locking.delete(session);
    }
  }

  async #takeLock(session: Registered, { camera, epoch }: HelloMessage): Promise<void> {
    await Promise.all(this.#releasing);
    const onReplaced = (): void => void session.close(replaced);
    const lock = await this.#store.lock({ camera, epoch, onReplaced });
    if (lock === undefined) throw new OperationalError('STORE', busy(camera));
    this.#locks.set(session, lock);
  }

  /** Takes the name back, unless a newer connection has it already. Never rejects. */
  async leave(session: Registered): Promise<void> {
    for (const [camera, holder] of this.#cameras) {
      if (holder.session === session) this.#cameras.delete(camera);
    }
    await this.#release(session);
  }

  async #release(session: Registered): Promise<void> {
    const lock = this.#locks.get(session);
    if (lock === undefined) return;
    this.#locks.delete(session);
    const releasing = lock.release().catch(() => undefined); // a closed file: the lock is gone with it
    this.#releasing.add(releasing);
    await releasing;
    this.#releasing.delete(releasing);
  }
}
