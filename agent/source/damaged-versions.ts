/** Versions of one file, each damaged, that its writer replaces by the next before any of them is whole. Pure. */

interface FileVersion {
  readonly id: string;
  readonly sizeBytes: number;
}

/** A file that only grows is being written; one that is written anew twice, and never whole, is not. */
const minRewrites = 2;

export class DamagedVersions {
  /** Monotonic time of the first one; undefined: the last version was whole. */
  #sinceMs: number | undefined;
  #last: FileVersion | undefined;
  #rewrites = 0;

  /** A version was read, and is no whole JPEG. */
  add(version: FileVersion, nowMs: number): void {
    this.#sinceMs ??= nowMs;
    const isOther = this.#last !== undefined && this.#last.id !== version.id;
    if (isOther && version.sizeBytes <= (this.#last?.sizeBytes ?? 0)) this.#rewrites += 1;
    this.#last = version;
  }

  /** A version is whole. */
  end(): void {
    this.#sinceMs = undefined;
    this.#last = undefined;
    this.#rewrites = 0;
  }

  /** Whether there has been no whole version for so long, although the file is written again and again. */
  haveLasted(limitMs: number, nowMs: number): boolean {
    if (this.#sinceMs === undefined || this.#rewrites < minRewrites) return false;
    return nowMs - this.#sinceMs >= limitMs;
  }
}
