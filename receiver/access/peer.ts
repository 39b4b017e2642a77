/** A peer, as far as it has proven who it is. Pure. */

export interface Peer {
  /** Whose key, or code, it has proven to have; undefined: nobody's. */
  readonly camera?: string;
  /** It has proven a key. */
  readonly isPaired: boolean;
  /** Why it may not send as this camera, as a sentence for it; undefined when it may. */
  refusalForName(camera: string): string | undefined;
  /** Why it is no longer accepted under the name that it asked for; undefined when it is. Asked for each frame. */
  revocation(): string | undefined;
  /**
   * Agrees on a key, or says that the agreed one is proven. @returns for which camera
   * @throws {OperationalError} KEYS, PROTOCOL
   */
  pair(): Promise<string>;
}
