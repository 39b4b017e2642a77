/**
 * What each kind of work costs, in microseconds of the event loop, so that it can be paid before it is done.
 * Measured on one core of a small server, the worst input of each kind, and rounded up; a slower machine
 * does less of everything. Pure.
 */

const kibi = 1024;

/** Steps of the walk over a JPEG's markers that are paid at once. */
export const stepsPerPayment = 4096;

/** Bytes hashed at once: a whole 16 MiB picture would hold the loop for 11 to 45 ms. */
export const hashedAtOnce = 1024 * kibi;

/** Bytes of headers looked at in one go; a 64 KiB chunk may hold 2,700 messages. */
export const parsedAtOnce = 4 * kibi;

/** Bytes of a raw stream looked at in one go; they may hold 2,048 pictures. */
export const splitAtOnce = 16 * kibi;

export const prices = {
  /** Accepting, the first bytes, a sentence back, closing: 700 to 1,400 with garbage collection. */
  connection: 1000,
  /** Decoding and checking headers: 100 a KiB (`dropped` with 256 ranges), 35 a KiB of plain frames. */
  headers: (bytes: number): number => perKibi(100, bytes),
  /** Reading and copying, with TLS: 1 to 2 a KiB. */
  body: (bytes: number): number => perKibi(2, bytes),
  /** Reading what is thrown away, as much as the system gives at once: 8 to 13 a KiB with garbage collection. */
  discard: (bytes: number): number => perKibi(12, bytes),
  /** Acting on one message, and writing one answer: 20 to 40. */
  message: 40,
  /** SHA-256: 0.7 a KiB with the processor's help, 3 without. */
  hash: (bytes: number): number => perKibi(1, bytes),
  /** `stepsPerPayment` steps: 30 ns each. */
  walk: 150,
  /** A line of log, most of which are only counted, and the sentence that goes back. */
  refusal: 60,
  /** A frame's file: some ten calls of the file system on four threads, and its flushes. */
  store: (bytes: number): number => 1000 + perKibi(1, bytes),
  /** A line of the record, flushed by itself: 1 to 4 ms of the disk, for which flushes of frames wait. */
  hole: 6000,
  /** Reading the keys folder, and a line of log. */
  hello: 1000,
  /** A camera's lock is two processes: starting each holds the loop for 7 to 12 ms. */
  lock: 40_000,
  /** Files of the keys folder, written and flushed. */
  pair: 10_000,
  /** Splitting a raw stream, and hashing what comes out of it: 35 a KiB at worst (FF 00 FF 00 …). */
  raw: (bytes: number): number => perKibi(40, bytes),
  /** Looking whether a key is known: files of the keys folder are read. */
  keyLookUp: 150,
  /** A TLS handshake: 1 to 2 ms. */
  handshake: 2000,
} as const;

function perKibi(us: number, bytes: number): number {
  return Math.ceil((us * bytes) / kibi);
}
