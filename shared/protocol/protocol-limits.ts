/** Fixed limits of the framed protocol, not options: both sides keep them. */

/** `PICC`, the major version, line feed: the first bytes of each side. */
export const preface = 'PICC/1\n';

/** A header has a few hundred bytes; with 32 boxes and a long message it stays far below this limit. */
export const maxHeaderBytes = 64 * 1024;

/** Regions in one verdict; more add no information. */
export const maxBoxes = 32;

/** Ranges of sequences in one `dropped`: more ranges take a second message. */
export const maxSequenceRanges = 256;

/** Ended events in one `report`: more take a second message. */
export const maxEndedEvents = 64;

/** The agent sends at least one message per interval: longer silence means a dead connection. */
export const pingIntervalMs = 15_000;

/** Without an answer for this long the connection is dead. */
export const answerDeadlineMs = 30_000;

/** From accept to welcome, whatever the peer sends meanwhile: an unauthenticated peer occupies a slot no longer. */
export const helloDeadlineMs = 10_000;

/** Messages without payload in a minute: pings, unsolicited answers, unknown types. */
export const maxIdleMessagesPerMinute = 240;
