/**
 * Which session holds which camera's name: one epoch at a time, so that two machines never mix their frames. Within
 * this process a map decides, from the hello on. Between processes the store's lock decides, from the first frame on:
 * taking it starts a program, and a hello must cost less. An agent that connects again uses the lock of its older
 * connection.
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

/** A camera's name in the hands of one epoch: of one agent, with its newest connection and those that it replaced. */
interface Holder {
  readonly camera: string;
  readonly epoch: string;
  newest: RegisteredSession;
  readonly sessions: Set<RegisteredSession>;
  /** Taken or being taken; undefined before the first frame. */
  lock: Promise<CameraLock> | undefined;
}

export class CameraRegister {
  readonly #store: Pick<FrameStore, 'lock'>;
  readonly #ofCamera = new Map<string, Holder>();
  readonly #ofSession = new Map<RegisteredSession, Holder>();

  constructor(store: Pick<FrameStore, 'lock'>) {
    this.#store = store;
  }

  /**
   * Gives the camera's name to a session, within this process. The same epoch again is a reconnection: the older
   * connection is dead and is closed. A session without a key is closed when one with the camera's key connects.
   * @returns the refusal, a sentence for the agent; undefined when the session has the name
   */
  async acquire(
    session: RegisteredSession,
    { camera, epoch }: HelloMessage,
  ): Promise<string | undefined> {
    const previous = this.#ofCamera.get(camera);
    const isDisplaced = previous !== undefined && session.isPaired && !previous.newest.isPaired;
    if (previous !== undefined && !isDisplaced) {
      if (previous.epoch !== epoch) return busySentence(camera);
      const replacedSession = previous.newest;
      previous.newest = session;
      previous.sessions.add(session);
      this.#ofSession.set(session, previous);
      void replacedSession.close(replaced);
      return undefined;
    }
    const sessions = new Set([session]);
    const holder: Holder = { camera, epoch, newest: session, sessions, lock: undefined };
    this.#ofCamera.set(camera, holder);
    this.#ofSession.set(session, holder);
    if (previous === undefined) return undefined;
    // Its received frames are stored first: two machines never mix their frames.
    await previous.newest.close(displaced);
    for (const ended of previous.sessions) this.#ofSession.delete(ended);
    await unlock(previous);
    return undefined;
  }

  /**
   * Takes the camera's name between processes, once for each agent. Awaited before a frame is stored.
   * @throws {OperationalError} STORE: a session of another process holds the name, or the lock failed
   */
  async lock(session: RegisteredSession): Promise<void> {
    const holder = this.#ofSession.get(session);
    if (holder === undefined) throw new OperationalError('STORE', 'the connection has ended');
    const locking = (holder.lock ??= this.#takeLock(holder));
    try {
      await locking;
    } catch (error) {
      // The next frame tries again.
      if (holder.lock === locking) holder.lock = undefined;
      throw error;
    }
  }

  async #takeLock(holder: Holder): Promise<CameraLock> {
    const { camera, epoch } = holder;
    // Also older connections that have not ended yet: the lock is released when the last one has.
    const onReplaced = (): void => {
      for (const session of holder.sessions) void session.close(replaced);
    };
    const lock = await this.#store.lock({ camera, epoch, onReplaced });
    if (lock === undefined) throw new OperationalError('STORE', busySentence(camera));
    return lock;
  }

  /** Frees the session's name, unless a newer session holds it. Never rejects. */
  async release(session: RegisteredSession): Promise<void> {
    const holder = this.#ofSession.get(session);
    if (holder === undefined) return;
    this.#ofSession.delete(session);
    holder.sessions.delete(session);
    const { camera, newest } = holder;
    if (newest === session && this.#ofCamera.get(camera) === holder) this.#ofCamera.delete(camera);
    if (holder.sessions.size === 0) await unlock(holder);
  }
}

/** Never rejects. */
async function unlock(holder: Holder): Promise<void> {
  const { lock } = holder;
  holder.lock = undefined;
  // When it was not taken, or its file cannot be removed, it has ended all the same.
  await lock?.then((taken) => taken.release()).catch(() => undefined);
}
