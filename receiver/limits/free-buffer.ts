/** Gives the memory of a large buffer back at once. */
import { MessageChannel } from 'node:worker_threads';

/** A smaller one is not worth the transfer. */
const minBytes = 16 * 1024;

/** What is transferred to a closed port is taken from its sender and dropped, as HTML says of a port without a receiver. */
const { port1: closedPort } = new MessageChannel();
closedPort.close();

/**
 * Empties a buffer. The garbage collector frees the memory of a buffer late, and counts it meanwhile: the buffers of some
 * forty frames make it collect everything. Whatever still has the buffer finds it empty; nothing may still send it. A
 * buffer that shares its memory with others is left as it is.
 */
export function freeBuffer({ buffer, length }: Buffer): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== length) return;
  if (length < minBytes) return;
  closedPort.postMessage(undefined, [buffer]);
}
