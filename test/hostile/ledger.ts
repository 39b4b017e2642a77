/** What hostile sessions have sent that a receiver may store, and what it answered to ClientHellos without a key. */
export interface Sent {
  /** The folder that it would lie in: a camera's name as it was claimed, or that of raw frames. */
  readonly folder: string;
  readonly sha256: string;
  /** Whose key the connection has proven; undefined: it spoke in the clear. */
  readonly holder: string | undefined;
  /** performance.now() before it was handed to the system. */
  readonly atMs: number;
}

export class Ledger {
  readonly sent: Sent[] = [];
  /** The first bytes of each answer to a well-formed ClientHello, in hex, and what asked for it. */
  readonly helloAnswers = new Map<string, string>();
  sessions = 0;
  bytes = 0;
}
