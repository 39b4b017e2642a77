/** Reads a connection's first bytes, as many as the detection of its protocol takes. */
import type { Socket } from 'node:net';
import { OperationalError } from '../../shared/cli/errors.js';
import { type Protocol, recognize } from './first-bytes.js';
import { chunksOf } from './timed-chunks.js';

/** A connection's protocol, and the bytes that were read to detect it. */
export interface DetectedStream {
  readonly protocol: Protocol;
  readonly first: Buffer;
  readonly chunks: AsyncGenerator<Buffer, undefined>;
}

/** @returns undefined for a peer that closed without data @throws {OperationalError} PROTOCOL: it closed too early */
export async function detectProtocol(socket: Socket): Promise<DetectedStream | undefined> {
  const chunks = chunksOf(socket);
  let first: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done) {
      if (first.length === 0) return undefined;
      throw new OperationalError('PROTOCOL', `the peer closed after ${first.length} bytes`);
    }
    first = Buffer.concat([first, next.value]);
    const protocol = recognize(first);
    if (protocol !== undefined) return { protocol, first, chunks };
  }
}
