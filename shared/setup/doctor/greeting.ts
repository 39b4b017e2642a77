/**
 * Finds out what answers on a receiver's port, without side effects there: sends the preface and reads the answer. It
 * names no camera, so that the receiver reserves none.
 */
import type { Socket } from 'node:net';
import { removeControls } from '../../cli/plain-text.js';
import { preface } from '../../protocol/protocol-limits.js';

export type Greeting =
  /** A receiver that accepts the connection. */
  | { readonly kind: 'welcome' }
  /** A line of text: a receiver's reason for refusing the connection, or the first line of another program. */
  | { readonly kind: 'words'; readonly words: string }
  /** The peer closed the connection, or sent nothing in time. */
  | { readonly kind: 'closed' | 'silent' };

/** More than the longest line that a receiver sends. */
const maxBytes = 2048;
/** Time for the peer to close its side. */
const lingerMs = 1000;

/** Sends the preface on an open connection, reads the answer, and closes. Never rejects. */
export function readGreeting(socket: Socket, timeLimitMs: number): Promise<Greeting> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const finish = (withoutText: Greeting): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', close).off('error', close);
      // Later data and errors do not matter.
      socket.on('error', () => undefined).resume();
      socket.end();
      const limit = setTimeout(() => socket.destroy(), lingerMs);
      socket.once('close', () => clearTimeout(limit));
      const words = firstLine(received);
      const isPreface = received.toString('latin1').startsWith(preface);
      if (isPreface) resolve({ kind: 'welcome' });
      else resolve(words === '' ? withoutText : { kind: 'words', words });
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]).subarray(0, maxBytes);
      if (received.includes('\n') || received.length === maxBytes) close();
    };
    const close = (): void => finish({ kind: 'closed' });
    const timer = setTimeout(() => finish({ kind: 'silent' }), timeLimitMs);
    socket.on('data', onData).on('end', close).on('error', close);
    socket.write(preface);
  });
}

function firstLine(bytes: Buffer): string {
  const [line = ''] = bytes.toString('utf8').split('\n');
  return removeControls(line).trim().slice(0, 300);
}
