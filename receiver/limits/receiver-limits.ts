/** Limits of the receiver without an option: there is no reason to change them. SECURITY.md lists them. Pure. */

/** Maximum connections that have not completed handshake and hello. */
export const maxPendingConnections = 256;

/** Maximum size of the PROXY header with which a named proxy begins a connection; HAProxy's has 28 bytes, or 52. */
export const maxProxyHeaderBytes = 2048;

/** How long a named proxy may take for its PROXY header. */
export const proxyHeaderDeadlineMs = 3000;

/**
 * Maximum size of a connection's first TLS record. An agent's has some 300 bytes; some 1,600 when OpenSSL also offers
 * a post-quantum key share.
 */
export const maxClientHelloBytes = 2048;

/**
 * Bytes that TLS records of a connection may have beyond twice what they carry: the handshake, and short messages. A
 * ping has 27 bytes, and its record 22 more.
 */
export const maxTlsOverheadBytes = 32_768;

/** How long a key is refused after that limit. */
export const keySuspendedMs = 60_000;

/** Maximum frames of one connection in memory: enough to keep a slow line busy. */
export const maxInFlight = 8;

/** Maximum sent bytes that a peer has not read; an agent has at most `maxInFlight` acknowledgements unread. */
export const maxUnreadBytes = 256 * 1024;

/** Minimum rate of a message that has begun; GPRS has three times as much. */
export const minBytesPerSecond = 1024;

/** The same while other connections wait for the memory that it holds; any line fit for pictures is faster. */
export const minBytesPerSecondWhenShort = 16 * 1024;

/** A picture up to this size is not counted against `--max-memory`: it fits in one chunk. */
export const maxUncountedBytes = 64 * 1024;

/** Minimum that a frame, a gap or a report counts against `--quota`: one block on the disk. */
export const minStoredBytes = 4096;

/** Log lines of one event and one address in `repeatWindowMs`; further ones are only counted. */
export const maxRepeatedLines = 10;

/** How long repeats stay suppressed once `maxRepeatedLines` is reached. */
export const repeatWindowMs = 5 * 60_000;

/** Pairs of event and address that are counted separately; further ones are counted together. */
export const maxTrackedLines = 256;

/** How long a lingering close waits for the peer to read the last message. */
export const lingeringCloseMs = 2000;

/** Folders of the captures directory that are kept open while unused. */
export const maxOpenFolders = 128;

/** Frames, gaps and reports indexed in memory, over all records and in one: some 16 bytes each. */
export const maxRecordEntries = 4_000_000;

/** How much of a record is read, from its end: some 3 million lines, in ten seconds. */
export const maxRecordBytes = 2 ** 30;

/**
 * Microseconds of work per second that a paired camera may cause without storing a frame: refused frames,
 * duplicates, gap entries, reports, pings, new connections. A twentieth of the event loop.
 */
export const maxCameraWorkUs = 50_000;

/** The same for one connection without a key. */
export const maxConnectionWorkUs = 50_000;

/** The same for one address without a key; all of its work once a camera is paired. */
export const maxAddressWorkUs = 100_000;

/** The same for all peers without a key together: a fifth of the event loop. */
export const maxAnonymousWorkUs = 200_000;

/** Microseconds of accepting connections per second for one address from which no paired camera came. */
export const maxAddressConnectionsUs = 50_000;

/** The same for all such addresses together. */
export const maxConnectionsUs = 100_000;

/** Both limits while no camera is paired: `cat x.jpg | socat` opens a connection for each picture. */
export const maxOpenConnectionsUs = 250_000;

/**
 * Microseconds per second of work that blocks the event loop or the disk for some 10 ms in one piece (locking a camera's
 * name, a gap entry or a report), for all peers without a key beside paired cameras.
 */
export const maxAnonymousSlowUs = 40_000;

/** Its burst, as time at its rate: one lock. */
export const slowBurstMs = 500;

/** Burst of each of these budgets, as time at its rate. */
export const workBurstMs = 1000;

/**
 * The same for an address, and for all peers without a key, while no camera is paired: frames that are being stored are
 * paid in advance, and those of 64 connections must fit.
 */
export const openBurstMs = 10_000;

/**
 * Microseconds of wasted work that are forgiven per second. Where several accounts wait for one budget, the one that
 * wasted least goes first. Far below what a flood wastes, so that a flood never passes for a useful sender.
 */
export const forgivenWorkUs = 1000;

/** Work for paired cameras in one turn of the event loop, microseconds; then all connections are polled again. */
export const turnUs = 5000;

/** The same for peers without a key beside paired cameras: a paired camera's frame waits no longer than this. */
export const turnOfAnonymousUs = 1000;

/** Addresses, cameras and identities that are counted separately; further ones are counted together. */
export const maxCountedApart = 1024;

/** Microseconds of TLS handshakes per second for one identity from a network where it has proven its key. */
export const maxProvenHandshakeUs = 30_000;

/** The same for one known identity, from all other networks. */
export const maxIdentityHandshakeUs = 20_000;

/** The same for all known identities from networks where they have not proven their keys. */
export const maxKnownHandshakesUs = 100_000;

/** The same for one address with unknown identities. */
export const maxUnknownHandshakeUs = 20_000;

/** The same for all addresses with unknown identities. */
export const maxUnknownHandshakesUs = 50_000;

/** Microseconds of key look-ups per second for one address. */
export const maxKeyLookUpUs = 20_000;

/** Maximum waiting handshakes of unknown identities; further connections are closed. */
export const maxHandshakesWaiting = 128;
