/** A queue of bytes that arrive in chunks of any size. Pure. */

const empty = Buffer.alloc(0);

/**
 * A single chunk is kept without a copy; several are copied into a buffer that doubles, so that a megabyte received
 * byte by byte takes about as much time and memory as one received at once.
 */
export class ByteQueue {
  #buffer: Buffer = empty;
  #start = 0;
  #end = 0;
  #expected = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a chunk at the end. It is not copied when the queue is empty: the caller must not change it. */
  append(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.length === 0) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    // A chunk of the caller has no free space behind `#end`, so this grows first and never writes into it.
    if (this.#end + chunk.length > this.#buffer.length) this.#grow(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Sets the final number of bytes: the buffer grows to it in one step. */
  expect(byteCount: number): void {
    this.#expected = byteCount;
  }

  /** Removes the first `length` bytes and returns them; `length` is at most `this.length`. */
  take(length: number): Buffer {
    const taken = this.#buffer.subarray(this.#start, this.#start + length);
    this.#start += length;
    if (this.length === 0) this.clear();
    return taken;
  }

  clear(): void {
    this.#expected = 0;
    this.#buffer = empty;
    this.#start = 0;
    this.#end = 0;
  }

  #grow(neededBytes: number): void {
    const content = this.#buffer.subarray(this.#start, this.#end);
    const needed = content.length + neededBytes;
    this.#buffer = Buffer.allocUnsafe(needed <= this.#expected ? this.#expected : 2 * needed);
    content.copy(this.#buffer);
    this.#start = 0;
    this.#end = content.length;
  }
}
