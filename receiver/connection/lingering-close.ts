/**
 * Ends a connection: a last sentence for the peer, then a lingering close (nginx). What the peer still sends
 * is read and discarded, and charged to its budget.
 */
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { OperationalError } from '../../shared/cli/errors.js';
import { chunksOf } from './timed-chunks.js';
import { lingeringCloseMs } from '../limits/receiver-limits.js';
import { prices } from '../limits/work/prices.js';
import type { ConnectionBudget } from '../limits/work/work-budgets.js';

/** Sends the reason of a refusal, and closes. */
export async function refuseConnection(
  socket: Socket,
  sentence: string,
  budget: ConnectionBudget,
): Promise<never> {
  socket.end(`${sentence}\n`);
  await lingeringClose(socket, budget);
  socket.destroy();
  throw new OperationalError('LINK', sentence);
}

/**
 * Waits until the peer has closed its side, at most `lingeringCloseMs`. Closing with unread bytes sends a
 * reset, and a reset makes the peer's system discard the last sentence before the peer has read it.
 */
export async function lingeringClose(socket: Socket, budget: ConnectionBudget): Promise<void> {
  const deadline = setTimeout(() => socket.destroy(), lingeringCloseMs);
  try {
    for await (const chunk of chunksOf(socket)) await budget.pay(prices.discard(chunk.length));
    await finished(socket);
  } catch {
    // The peer closed or is too slow; the sentence was sent.
  } finally {
    clearTimeout(deadline);
  }
}
