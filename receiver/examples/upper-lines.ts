/** Lines in, the same in upper case out. Pure. */

/** Text that comes in pieces, a line at a time; what follows the last line end counts as a line too. */
export class UpperLines {
  readonly #maxLineBytes: number;
  #held = Buffer.alloc(0);

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * Takes a piece. @returns what is to be answered, undefined when a line is longer than it may be: then
   * nothing more is taken
   */
  push(chunk: Buffer): string | undefined {
    const bytes = Buffer.concat([this.#held, chunk]);
    const end = bytes.lastIndexOf('\n') + 1;
    this.#held = bytes.subarray(end);
    // Whole lines: no character is in two pieces.
    const lines = bytes.subarray(0, end).toString('utf8');
    const longest = Math.max(...lines.split('\n').map((line) => Buffer.byteLength(line)));
    if (Math.max(longest, this.#held.length) > this.#maxLineBytes) return undefined;
    return lines.toUpperCase();
  }

  /** The answer to a last line that has no end. */
  end(): string {
    return this.#held.toString('utf8').toUpperCase();
  }
}
