/** Bytes that came in pieces of any size and wait until there are enough of them. Pure. */

const nothing = Buffer.alloc(0);

/**
 * One piece is kept as it is; several are copied together into room that doubles, so that a megabyte sent
 * byte by byte costs about as much time and memory as one sent at once.
 */
export class ByteQueue {
  #room: Buffer = nothing;
  #start = 0;
  #end = 0;
  #expected = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a piece at the end. It is not copied when the queue is empty: the caller must not change it. */
  append(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.length === 0) {
      this.#room = piece;
      this.#start = 0;
      this.#end = piece.length;
      return;
    }
    // A piece of the caller's is full to its end, so nothing is ever written into it.
    if (this.#end + piece.length > this.#room.length) this.#grow(piece.length);
    piece.copy(this.#room, this.#end);
    this.#end += piece.length;
  }

  /** So many bytes will be there in the end: room is made for them at once, and nothing is copied twice. */
  expect(byteCount: number): void {
    this.#expected = byteCount;
  }

  /** Removes the first `length` bytes and returns them; `length` is at most `this.length`. */
  take(length: number): Buffer {
    const taken = this.#room.subarray(this.#start, this.#start + length);
    this.#start += length;
    if (this.length === 0) this.clear();
    return taken;
  }

  clear(): void {
    this.#expected = 0;
    this.#room = nothing;
    this.#start = 0;
    this.#end = 0;
  }

  #grow(neededBytes: number): void {
    const held = this.#room.subarray(this.#start, this.#end);
    const needed = held.length + neededBytes;
    this.#room = Buffer.allocUnsafe(needed <= this.#expected ? this.#expected : 2 * needed);
    held.copy(this.#room);
    this.#start = 0;
    this.#end = held.length;
  }
}
