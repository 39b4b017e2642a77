/**
 * How a connection ends: a sentence for the peer, and a moment in which it may read it. What the peer still
 * sends meanwhile is read away, and paid like everything else.
 */
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { OperationalError } from '../../shared/cli/errors.js';
import { chunksOf } from './timed-chunks.js';
import { lingeringCloseMs } from '../limits/receiver-limits.js';
import { prices } from '../limits/work/prices.js';
import type { ConnectionBudget } from '../limits/work/work-budgets.js';

/** Says why a peer is not heard, and closes. */
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
 * Waits until the peer has closed its side too, or a moment. Closing while bytes lie unread sends a reset,
 * and at a reset the peer's system throws away our last sentence before it is read.
 */
export async function lingeringClose(socket: Socket, budget: ConnectionBudget): Promise<void> {
  const deadline = setTimeout(() => socket.destroy(), lingeringCloseMs);
  try {
    for await (const chunk of chunksOf(socket)) await budget.pay(prices.discard(chunk.length));
    await finished(socket);
  } catch {
    // Gone or too slow: it was told, which is all that can be done.
  } finally {
    clearTimeout(deadline);
  }
}
