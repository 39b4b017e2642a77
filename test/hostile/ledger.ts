/** Pictures sent by hostile sessions that a receiver may store, and its answers to ClientHellos without a key. */
export interface Sent {
  /** Its folder: the claimed camera name, or the name for raw frames. */
  readonly folder: string;
  readonly sha256: string;
  /** The camera whose key the connection has proven; undefined: in the clear. */
  readonly holder: string | undefined;
  /** performance.now() before it was written to the socket. */
  readonly atMs: number;
}

export class Ledger {
  readonly sent: Sent[] = [];
  /** The first bytes of each answer to a well-formed ClientHello, in hex, and the ClientHello's kind. */
  readonly helloAnswers = new Map<string, string>();
  sessions = 0;
  bytes = 0;
}
