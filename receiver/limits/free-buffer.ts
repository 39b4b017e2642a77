/** Gives the memory of a large buffer back at once. */

/** A smaller one is not worth the transfer. */
const minBytes = 16 * 1024;

/**
 * Empties a buffer. A large buffer that lived through two minor collections is freed by a major one only, and dozens may
 * wait for that. A transfer leaves the bytes to a new object, which the next minor collection frees. Whatever still has
 * the buffer finds it empty. A buffer that shares its memory with others is left as it is.
 */
export function freeBuffer({ buffer, length }: Buffer): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== length) return;
  if (length < minBytes) return;
  structuredClone(buffer, { transfer: [buffer] });
}
