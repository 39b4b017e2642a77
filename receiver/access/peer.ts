/** A peer and what it has proven about its identity. Pure. */
import type { KeyObject } from 'node:crypto';

/** Whose signatures count for a session. */
export interface Signer {
  /** Key that its signatures are checked with; undefined: it does not sign. */
  readonly key: KeyObject | undefined;
  /**
   * Why a right signature does not prove the camera: `not-signed`: the agent of a camera with a pinned key does not
   * sign. `other-key`: its key is not the pinned one. `unpinned-key`: the peer has not proven to be the camera.
   */
  readonly flaw: 'not-signed' | 'other-key' | 'unpinned-key' | undefined;
}

export interface Peer {
  /** The camera whose key or code it has proven; undefined: an anonymous peer. */
  readonly camera?: string;
  /** It has proven a key or a code. */
  readonly isPaired: boolean;
  /** Why it may not send as this camera, as a sentence for the peer; undefined: it may. */
  refusalForName(camera: string): string | undefined;
  /** Why it is no longer accepted under its camera name; undefined: it is. Called for each frame. */
  revocation(): string | undefined;
  /**
   * Agrees on a key, or confirms that the agreed key is proven.
   * @param publicKey of the agent's signatures, PEM @returns the camera
   * @throws {OperationalError} KEYS, PROTOCOL
   */
  pair(publicKey: string | undefined): Promise<string>;
  /** Compares the key of the hello with the pinned one, or pins it. @param publicKey PEM. Never rejects. */
  signer(publicKey: string | undefined): Promise<Signer>;
}
