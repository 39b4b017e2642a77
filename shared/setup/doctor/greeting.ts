/**
 * What answers on a receiver's port, without leaving anything there: the preface is sent and its answer read;
 * no camera is named, so none is taken.
 */
import type { Socket } from 'node:net';
import { preface } from '../../protocol/protocol-limits.js';

export type Greeting =
  /** A receiver that hears us. */
  | { readonly kind: 'welcome' }
  /** Something spoke: a receiver's sentence why it does not hear us, or another program's first line. */
  | { readonly kind: 'words'; readonly words: string }
  /** It closed, or said nothing in time. */
  | { readonly kind: 'closed' | 'silent' };

/** A receiver's longest sentence, with room. */
const maxBytes = 2048;
/** For the other side to close too. */
const lingerMs = 1000;

/** Speaks on an open connection, and closes it. Never rejects. */
export function readGreeting(socket: Socket, timeLimitMs: number): Promise<Greeting> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const settle = (atEnd: Greeting): void => {
      clearTimeout(timer);
      socket.off('data', hear).off('end', close).off('error', close);
      // What is still on its way, a reset too, is nothing to us.
      socket.on('error', () => undefined).resume();
      socket.end();
      const limit = setTimeout(() => socket.destroy(), lingerMs);
      socket.once('close', () => clearTimeout(limit));
      const words = firstLine(received);
      const isPreface = received.toString('latin1').startsWith(preface);
      if (isPreface) resolve({ kind: 'welcome' });
      else resolve(words === '' ? atEnd : { kind: 'words', words });
    };
    const hear = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]).subarray(0, maxBytes);
      if (received.includes('\n') || received.length === maxBytes) close();
    };
    const close = (): void => settle({ kind: 'closed' });
    const timer = setTimeout(() => settle({ kind: 'silent' }), timeLimitMs);
    socket.on('data', hear).on('end', close).on('error', close);
    socket.write(preface);
  });
}

function firstLine(bytes: Buffer): string {
  const [line = ''] = bytes.toString('utf8').split('\n');
  return line
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
}
