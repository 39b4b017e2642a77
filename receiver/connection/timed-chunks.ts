/**
 * Chunks of a connection, each with the time waited for it. The idle timeout runs only while the receiver
 * reads: a pause of its own reading does not count against the peer.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.js';

export interface TimedChunk {
  readonly chunk: Buffer;
  readonly waitedMs: number;
}

/**
 * The chunks that follow.
 * @param first bytes that were read already; may be empty
 */
export async function* timedChunks(
  socket: Socket,
  first: Buffer,
  rest: AsyncIterator<Buffer, undefined>,
  idleTimeoutMs: number,
  clock: Clock,
): AsyncGenerator<TimedChunk, undefined> {
  if (first.length > 0) yield { chunk: first, waitedMs: 0 };
  for (;;) {
    const startMs = clock.monotonicMs();
    socket.setTimeout(idleTimeoutMs);
    const next = await rest.next();
    socket.setTimeout(0);
    if (next.done) return undefined;
    yield { chunk: next.value, waitedMs: clock.monotonicMs() - startMs };
  }
}

/** Chunks as the system delivers them, to the end of the stream. */
export async function* chunksOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  // destroyOnReturn would close the socket before the last answers are sent.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  return undefined;
}
