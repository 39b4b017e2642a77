/** What answers in plain text on a receiver's port: a receiver that refuses, or another program. Pure. */
import { OperationalError } from '../cli/errors.js';

/** Sent to a peer that uses plaintext where only paired cameras are accepted. */
export const pairedOnlyMessage =
  'this receiver accepts paired cameras only: pair this one (receiver pair NAME), ' +
  'or accept raw senders too (receiver --open)';

export interface PlainAnswer {
  /** The same for each answer of one program: a web server's has a clock. */
  readonly message: string;
  readonly hint: string;
  /** What the peer sent; undefined: the message says it. */
  readonly received: string | undefined;
}

const portHint = 'is this the port of the receiver? It is 4444 unless --listen names another';
const pairHint = "on the receiver's machine: sudo receiver pair NAME; it prints what to type here";

/** @param text printable, at most some hundred characters */
export function plainAnswer(text: string): PlainAnswer {
  // Version 0.1 has another verb.
  if (/^this receiver (?:now )?\w+ paired cameras only/.test(text)) {
    const message = 'the receiver accepts paired cameras only';
    return { message, hint: pairHint, received: undefined };
  }
  if (/^HTTP\/\d|^<(?:!doctype|html)/i.test(text)) {
    return { message: 'a web server answers', hint: portHint, received: undefined };
  }
  return { message: 'no picchanged receiver answers', hint: portHint, received: text };
}

/** @param bytes the first bytes that a peer sent instead of the preface */
export function notAReceiver(bytes: Buffer): OperationalError {
  const text = bytes
    .toString('latin1', 0, 200)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
  const { message, hint, received } = plainAnswer(text);
  const cause = received === undefined ? undefined : new Error(`it sent '${received}'`);
  return new OperationalError('PROTOCOL', message, { hint, cause });
}
