/**
 * What a broker may send: its answers, and whether Home Assistant runs. One that floods the connection, or announces a
 * packet that has no end, would otherwise cost hundreds of megabytes before a time limit ends it.
 */
import type { Duplex } from 'node:stream';
import { formatDuration, formatSize } from '../../../shared/cli/units.js';
import { WindowCounter } from '../../../shared/window-counter.js';

/** Of one packet, as CONNECT states it: a good broker sends none that is larger. */
export const maxIncomingPacketBytes = 16 * 1024;
/** An answer to a published message has four bytes. */
const maxBytes = 64 * 1024;
const windowMs = 10_000;

/** The broker sends more than that. */
export class TooMuchIncoming extends Error {}

/** Destroys the stream when it brings more than that. @param nowMs monotonic */
export function limitIncoming(stream: Duplex, nowMs = (): number => performance.now()): void {
  const received = new WindowCounter(windowMs);
  stream.on('data', (chunk: Buffer) => {
    if (stream.destroyed || received.add(nowMs(), chunk.length) <= maxBytes) return;
    const limit = `${formatSize(maxBytes)} in ${formatDuration(windowMs)}`;
    stream.destroy(new TooMuchIncoming(`sends more than ${limit}`));
  });
}
