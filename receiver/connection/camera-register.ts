/**
 * Which session holds which camera's name: one at a time, so that two machines never mix their frames. Within
 * this process a map decides, from the hello on. Between processes the store's lock decides, from the first frame on:
 * taking it starts a program, and a hello must cost less.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import type { HelloMessage } from '../../shared/protocol/messages.js';
import type { CameraLock } from '../store/camera-lock.js';
import type { FrameStore } from '../store/store-port.js';

/** What the register needs of a session. */
export interface RegisteredSession {
  /** Its peer has proven a key. */
  readonly isPaired: boolean;
  close(why: { code: string; message: string }): Promise<void>;
}

const replaced = { code: 'replaced', message: 'the same agent has connected again' };
const busySentence = (camera: string): string =>
  `another agent is connected as camera ${camera}: give one of the two another --camera`;
const displaced = {
  code: 'replaced',
  message: 'the camera that is paired under this name has connected',
};

export class CameraRegister {
  readonly #store: Pick<FrameStore, 'lock'>;
  readonly #cameras = new Map<string, { session: RegisteredSession; epoch: string }>();
  readonly #locks = new Map<RegisteredSession, CameraLock>();
  /** Locks that are being taken. */
  readonly #locking = new Map<RegisteredSession, Promise<void>>();
  /** Locks that are being released: a new session waits for them instead of being refused. */
  readonly #releasing = new Set<Promise<void>>();

  constructor(store: Pick<FrameStore, 'lock'>) {
    this.#store = store;
  }

  /**
   * Gives the camera's name to a session, within this process. The same epoch again is a reconnect: the older connection is dead
   * and is closed. A session without a key is closed when one with the camera's key connects.
   * @returns the refusal, a sentence for the agent; undefined when the session has the name
   */
  async acquire(
    session: RegisteredSession,
    { camera, epoch }: HelloMessage,
  ): Promise<string | undefined> {
    const holder = this.#cameras.get(camera);
    const isDisplaced = session.isPaired && holder !== undefined && !holder.session.isPaired;
    if (holder !== undefined && holder.epoch !== epoch && !isDisplaced) return busySentence(camera);
    this.#cameras.set(camera, { session, epoch });
    if (isDisplaced) {
      // Its received frames are stored first: two machines never mix their frames.
      await holder.session.close(displaced);
      await this.#releaseLock(holder.session);
    } else void holder?.session.close(replaced);
    return undefined;
  }

  /**
   * Takes the camera's name between processes, once for each session. Awaited before a frame is stored.
   * @throws {OperationalError} STORE: a session of another process holds the name, or the lock failed
   */
  async lock(session: RegisteredSession, hello: HelloMessage): Promise<void> {
    if (this.#locks.has(session)) return;
    const locking = this.#locking.get(session) ?? this.#takeLock(session, hello);
    this.#locking.set(session, locking);
    try {
      await locking;
    } finally {
      this.#locking.delete(session);
    }
  }

  async #takeLock(session: RegisteredSession, { camera, epoch }: HelloMessage): Promise<void> {
    await Promise.all(this.#releasing);
    const onReplaced = (): void => void session.close(replaced);
    const lock = await this.#store.lock({ camera, epoch, onReplaced });
    if (lock === undefined) throw new OperationalError('STORE', busySentence(camera));
    this.#locks.set(session, lock);
  }

  /** Frees the session's name, unless a newer session holds it. Never rejects. */
  async release(session: RegisteredSession): Promise<void> {
    for (const [camera, holder] of this.#cameras) {
      if (holder.session === session) this.#cameras.delete(camera);
    }
    await this.#releaseLock(session);
  }

  async #releaseLock(session: RegisteredSession): Promise<void> {
    const lock = this.#locks.get(session);
    if (lock === undefined) return;
    this.#locks.delete(session);
    const releasing = lock.release().catch(() => undefined); // the file is closed: the lock ended with it
    this.#releasing.add(releasing);
    await releasing;
    this.#releasing.delete(releasing);
  }
}
