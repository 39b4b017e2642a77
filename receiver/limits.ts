/** Limits of the receiver that are no option: nobody needs to choose them. SECURITY.md lists them. Pure. */

/** Connections that have shown nothing yet: so many slow ones are borne at once, each with a TLS of its own. */
export const maxNewcomers = 256;

/**
 * The first TLS record of a connection. An agent's has some 300 bytes, that of an OpenSSL which offers a
 * post-quantum key share too some 1,600.
 */
export const maxClientHelloBytes = 2048;

/** Frames of one connection that may be in memory at once: enough to fill a slow line. */
export const maxInFlight = 8;

/** Words of ours that a peer has not read; an agent has at most `maxInFlight` acknowledgements to read. */
export const maxUnreadBytes = 256 * 1024;

/** A message in the middle must arrive at least so fast; GPRS has three times as much. */
export const minBytesPerSecond = 1024;

/** The same while other connections wait for the memory that it holds; any line for pictures has more. */
export const minBytesPerSecondWhenShort = 16 * 1024;

/** A picture up to here is not counted against `--max-memory`: one chunk holds it whole. */
export const maxUncountedBytes = 64 * 1024;

/** What a frame or a note counts at least against `--quota`: a block on the disk. */
export const minStoredBytes = 4096;

/** Lines of log about one event and one address in `quietMs`; the rest is counted. */
export const maxRepeatedLines = 10;

/** For so long after `maxRepeatedLines`. */
export const quietMs = 5 * 60_000;

/** Pairs of event and address that are counted apart; what comes beyond is counted together. */
export const maxLineKinds = 256;

/** A peer that does not read our last words must not keep the connection open. */
export const lingerMs = 2000;
