/** Which connection speaks for which camera: one at a time, so that two machines never mix their frames. */
import type { HelloMessage } from '../shared/protocol/messages.js';

/** What the register needs of a session: a way to end it. */
export interface Registered {
  close(why: { code: string; message: string }): Promise<void>;
}

export class CameraRegister {
  readonly #cameras = new Map<string, { session: Registered; epoch: string }>();

  /**
   * Gives the camera's name to a session. The same epoch again is a reconnect: the older connection is
   * dead without knowing it, and is closed.
   * @returns why not, as a sentence for the agent; undefined when it has the name
   */
  enter(session: Registered, { camera, epoch }: HelloMessage): string | undefined {
    const holder = this.#cameras.get(camera);
    if (holder !== undefined && holder.epoch !== epoch) {
      return `another agent sends as camera ${camera} now: give one of the two another --camera`;
    }
    this.#cameras.set(camera, { session, epoch });
    const why = { code: 'replaced', message: 'the same agent has connected again' };
    void holder?.session.close(why);
    return undefined;
  }

  /** Takes the name back, unless a newer connection has it already. */
  leave(session: Registered): void {
    for (const [camera, holder] of this.#cameras) {
      if (holder.session === session) this.#cameras.delete(camera);
    }
  }
}
