/** Whether a session may send as the camera that its hello names: what it has proven, and who sends as it already. */
import type { HelloMessage } from '../../shared/protocol/messages.js';
import type { Peer } from '../access/peer.js';
import type { CameraRegister, Registered } from './camera-register.js';

/** When there is no place, or another agent has the camera's name. */
const busyRetryMs = 10_000;

/** Why not, for the bye that ends the connection. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export interface CameraAdmissionParts {
  readonly peer: Peer;
  readonly register: CameraRegister;
  /** The connection is about to be served. @returns why there is no place for it, as a sentence */
  readonly settle: () => string | undefined;
}

/** To be asked once, at the hello. @returns undefined when the session may send */
export async function refusalOf(
  session: Registered,
  hello: HelloMessage,
  { peer, register, settle }: CameraAdmissionParts,
): Promise<Refusal | undefined> {
  const message = peer.refusalForName(hello.camera);
  if (message !== undefined) return { code: 'not-yours', message };
  const busy = await register.enter(session, hello);
  if (busy !== undefined) return { code: 'camera-busy', message: busy, retryAfterMs: busyRetryMs };
  const full = settle();
  return full === undefined
    ? undefined
    : { code: 'busy', message: full, retryAfterMs: busyRetryMs };
}
