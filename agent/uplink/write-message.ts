/** Messages of spool entries, and writing: a large body in slices, so that each completed write is a sign of life. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../shared/clock.js';
import type { AgentMessage } from '../../shared/protocol/messages.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import type { EntryHeader } from '../spool/entry.js';

/** Bytes in one write to the socket. */
const sliceBytes = 64 * 1024;

/** The message of an entry, without its signature. The number of a report is for the agent only. */
export function messageOf(header: EntryHeader, sequence: number, clock: Clock) {
  if (header.type !== 'report') return { ...header, sequence };
  return { ...header, number: undefined, sequence, clockMs: Math.round(clock.nowMs()) };
}

/** @param onSlice called for each slice of the body that was written to the network */
export function writeMessage(
  socket: Duplex,
  message: AgentMessage,
  body: Buffer | undefined,
  onSlice: () => void,
): void {
  const [head, rest] = encodeMessage(message, body);
  socket.cork();
  socket.write(head);
  for (let at = 0; at < rest.length; at += sliceBytes) {
    socket.write(rest.subarray(at, at + sliceBytes), onSlice);
  }
  socket.uncork();
}
