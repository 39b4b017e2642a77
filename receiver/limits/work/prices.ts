/**
 * Price of each kind of work, in microseconds of the event loop, paid before the work is done. Measured on one core of
 * a small server with the worst input of each kind, and rounded up; a slower machine does less of everything. Pure.
 */

const kibi = 1024;

/** Steps of the walk over a JPEG's markers in one payment. */
export const stepsPerPayment = 4096;

/** Bytes hashed in one piece: a whole 16 MiB picture would block the event loop for 11 to 45 ms. */
export const hashedAtOnce = 1024 * kibi;

/** Bytes of headers parsed in one piece; a 64 KiB chunk may hold 2,700 messages. */
export const parsedAtOnce = 4 * kibi;

/** Bytes of a raw stream split in one piece; they may hold 2,048 pictures. */
export const splitAtOnce = 16 * kibi;

export const prices = {
  /** Accept, read the first bytes, answer with a sentence, close: 700 to 1,400 with garbage collection. */
  connection: 1000,
  /** Decode and check headers: 100 per KiB (`dropped` with 256 ranges), 35 per KiB for frames. */
  headers: (bytes: number): number => perKibi(100, bytes),
  /** Read and copy, with TLS: 1 to 2 per KiB. */
  body: (bytes: number): number => perKibi(2, bytes),
  /** Read and discard in a lingering close: 8 to 13 per KiB with garbage collection. */
  discard: (bytes: number): number => perKibi(12, bytes),
  /** Handle one message and write one answer: 20 to 40. */
  message: 40,
  /** SHA-256: 0.7 per KiB with processor support, 3 without. */
  hash: (bytes: number): number => perKibi(1, bytes),
  /** Check an Ed25519 signature, and the statement: 140 to 200. */
  signature: 200,
  /** `stepsPerPayment` steps: 30 ns each. */
  walk: 150,
  /** One log line, usually suppressed and counted, and one sentence to the peer. */
  refusal: 60,
  /** A frame's file: some ten file system calls on four threads, and its flushes: 2 to 3 ms with its threads. */
  store: (bytes: number): number => 2500 + perKibi(1, bytes),
  /**
   * A gap entry or a report: a line of the record, its flush and that of the folder, up to 10 ms of the disk. Flushes of frames wait
   * for it.
   */
  gap: 12_000,
  /** Read the keys folder, write a log line. */
  hello: 1000,
  /** A camera's lock starts a process: the start blocks the loop for 7 to 12 ms. */
  lock: 20_000,
  /** Write and flush files of the keys folder. */
  pair: 10_000,
  /** Split a raw stream and hash its pictures: 35 per KiB at worst (FF 00 FF 00 …). */
  raw: (bytes: number): number => perKibi(40, bytes),
  /** Look up a key: reads files of the keys folder. */
  keyLookUp: 150,
  /** A TLS handshake: 1 to 2 ms. */
  handshake: 2000,
} as const;

function perKibi(us: number, bytes: number): number {
  return Math.ceil((us * bytes) / kibi);
}
