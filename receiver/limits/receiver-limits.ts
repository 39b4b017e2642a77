/** Limits of the receiver that are no option: nobody needs to choose them. SECURITY.md lists them. Pure. */

/** Connections that have shown nothing yet: so many slow ones are borne at once, each with a TLS of its own. */
export const maxPendingConnections = 256;

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

/** Lines of log about one event and one address in `repeatWindowMs`; the rest is counted. */
export const maxRepeatedLines = 10;

/** For so long after `maxRepeatedLines`. */
export const repeatWindowMs = 5 * 60_000;

/** Pairs of event and address that are counted apart; what comes beyond is counted together. */
export const maxTrackedLines = 256;

/** A peer that does not read our last words must not keep the connection open. */
export const lingeringCloseMs = 2000;

/** Folders of the captures directory that are held open and not in use. */
export const maxOpenFolders = 128;

/** Frames and holes that are known from memory, over all records and in one: some 16 bytes each. */
export const maxRecordEntries = 4_000_000;

/** Of a record, its newest bytes are read: some 3 million lines, in a few seconds. */
export const maxRecordBytes = 2 ** 30;

/**
 * Microseconds of work in a second that a paired camera may cause without storing anything: refused frames,
 * repeats, notes of dropped frames, pings, new connections. A twentieth of the event loop.
 */
export const maxCameraWorkUs = 50_000;

/** The same of one connection without a key. */
export const maxConnectionWorkUs = 50_000;

/** The same of one address without a key; all of its work once a camera is paired. */
export const maxAddressWorkUs = 100_000;

/** The same of all without a key: a fifth of the event loop. */
export const maxAnonymousWorkUs = 200_000;

/** Microseconds in a second that new connections of one address may take, until they have shown what they are. */
export const maxAddressConnectionsUs = 50_000;

/** The same of all addresses from which no paired camera came. */
export const maxConnectionsUs = 100_000;

/** Both, while no camera is paired: `cat x.jpg | socat` is a connection for each picture. */
export const maxOpenConnectionsUs = 250_000;

/** Microseconds of taking cameras' locks in a second, for all without a key beside paired cameras. */
export const maxAnonymousLocksUs = 100_000;

/** So much of it may be saved up: no more than one lock. */
export const lockBurstMs = 400;

/** So much of each may be saved up. */
export const workBurstMs = 1000;

/**
 * The same of an address, and of all, while no camera is paired: what is being stored is paid in advance, and
 * that of 64 connections must not be more.
 */
export const openBurstMs = 10_000;

/**
 * Microseconds of wasted work that are forgotten in a second: where several wait for one budget, who wasted
 * least goes first. Far less than a flood wastes, so that it never looks like who sends what is of use.
 */
export const forgivenWorkUs = 1000;

/** Work done for paired cameras before the event loop looks at all connections again, microseconds. */
export const turnUs = 5000;

/** The same for those without a key beside paired cameras: a frame of a paired camera waits no longer. */
export const turnOfAnonymousUs = 1000;

/** Addresses, cameras and the like that are counted apart; what comes beyond is counted together. */
export const maxCountedApart = 1024;

/** Microseconds of TLS handshakes in a second, of one identity from a network where it has proven its key. */
export const maxProvenHandshakeUs = 30_000;

/** The same of one identity that is known, from everywhere else. */
export const maxIdentityHandshakeUs = 20_000;

/** The same of all known identities from where they have not proven their keys. */
export const maxKnownHandshakesUs = 100_000;

/** The same of one address, with identities that are not known. */
export const maxUnknownHandshakeUs = 20_000;

/** The same of all. */
export const maxUnknownHandshakesUs = 50_000;

/** Microseconds of looking for keys in a second, of one address. */
export const maxKeyLookUpUs = 20_000;

/** Handshakes that wait, of identities that are not known; what comes beyond is cut. */
export const maxHandshakesWaiting = 128;
