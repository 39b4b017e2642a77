/** Decides whether a session may send as the camera that its hello names. */
import type { HelloMessage } from '../../shared/protocol/messages.js';
import type { Peer } from '../access/peer.js';
import type { CameraRegister, RegisteredSession } from './camera-register.js';

/** Retry delay when a connection limit is reached, or another agent has the camera's name. */
const busyRetryMs = 10_000;

/** For the bye that ends the connection. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export interface CameraAdmissionParts {
  readonly peer: Peer;
  readonly register: CameraRegister;
  /** Called before the welcome. @returns why a connection limit refuses it, as a sentence */
  readonly admit: () => string | undefined;
}

/** Called once, at the hello. @returns undefined when the session may send */
export async function refusalOf(
  session: RegisteredSession,
  hello: HelloMessage,
  { peer, register, admit }: CameraAdmissionParts,
): Promise<Refusal | undefined> {
  const message = peer.refusalForName(hello.camera);
  if (message !== undefined) return { code: 'not-yours', message };
  const busy = await register.acquire(session, hello);
  if (busy !== undefined) return { code: 'camera-busy', message: busy, retryAfterMs: busyRetryMs };
  const full = admit();
  return full === undefined
    ? undefined
    : { code: 'busy', message: full, retryAfterMs: busyRetryMs };
}
