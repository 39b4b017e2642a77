/** Converts lines to upper case. Pure. */

/** Converts text that arrives in pieces; text after the last line end counts as a line too. */
export class UpperLines {
  readonly #maxLineBytes: number;
  #buffer = Buffer.alloc(0);

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * Adds a piece. @returns the answer; undefined when a line exceeds `maxLineBytes`: the converter is then of no
   * further use
   */
  push(chunk: Buffer): string | undefined {
    const bytes = Buffer.concat([this.#buffer, chunk]);
    const end = bytes.lastIndexOf('\n') + 1;
    this.#buffer = bytes.subarray(end);
    // Whole lines: no character is split between two pieces.
    const lines = bytes.subarray(0, end).toString('utf8');
    const longest = Math.max(...lines.split('\n').map((line) => Buffer.byteLength(line)));
    if (Math.max(longest, this.#buffer.length) > this.#maxLineBytes) return undefined;
    return lines.toUpperCase();
  }

  /** The answer to a last line without a line end. */
  end(): string {
    return this.#buffer.toString('utf8').toUpperCase();
  }
}
