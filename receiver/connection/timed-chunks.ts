/**
 * What comes on a connection, chunk by chunk, and how long we waited for each. Silence counts only while we
 * wait: a peer is not to blame for the time in which we did not read.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.js';

export interface TimedChunk {
  readonly chunk: Buffer;
  readonly waitedMs: number;
}

/**
 * The rest of what comes.
 * @param first what was read already; may be empty
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

/** Chunks as the system gives them, to the end of the stream. */
export async function* chunksOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  // destroyOnReturn would cut off what we still have to say.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  return undefined;
}
