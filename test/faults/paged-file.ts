/**
 * A file of which a part is in memory and a part on the disk, byte by byte. After a flush has failed the bytes
 * that it was to write count as written, though they are not on the disk, until they are written anew. Pure.
 */

/** What the system believes of a byte. */
const onDisk = 0;
const dirty = 1;
/** Its flush failed. */
const dropped = 2;

const nothing = Buffer.alloc(0);

export class PagedFile {
  readonly kind = 'file';
  /** As a program reads it. */
  bytes: Buffer = nothing;
  /** As it certainly is after a power cut. */
  flushed: Buffer = nothing;
  #beliefs: Buffer = nothing;

  write(bytes: Buffer, at: number): void {
    this.bytes = written(this.bytes, bytes, at);
    this.#beliefs = written(this.#beliefs, Buffer.alloc(bytes.length, dirty), at);
  }

  truncate(length: number): void {
    this.bytes = this.bytes.subarray(0, length);
    this.#beliefs = this.#beliefs.subarray(0, length);
  }

  flush(): void {
    const flushed = Buffer.from(this.bytes);
    for (const [index, belief] of this.#beliefs.entries()) {
      if (belief === dropped) flushed[index] = this.flushed[index] ?? 0;
    }
    // The same buffer where it can be: what was read from it is then known.
    this.flushed = flushed.equals(this.bytes) ? this.bytes : flushed;
    this.#beliefs = Buffer.from(
      this.#beliefs.map((belief) => (belief === dropped ? dropped : onDisk)),
    );
  }

  failToFlush(): void {
    this.#beliefs = Buffer.from(
      this.#beliefs.map((belief) => (belief === dirty ? dropped : belief)),
    );
  }
}

function written(old: Buffer, bytes: Buffer, at: number): Buffer {
  const room = Buffer.alloc(Math.max(old.length, at + bytes.length));
  old.copy(room);
  bytes.copy(room, at);
  return room;
}
