/** A peer and what it has proven about its identity. Pure. */

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
   * Agrees on a key, or confirms that the agreed key is proven. @returns the camera
   * @throws {OperationalError} KEYS, PROTOCOL
   */
  pair(): Promise<string>;
}
