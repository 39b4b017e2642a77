/** Limits of the framed protocol that are no option: both sides hold to them and no user needs to choose. */

/** `PICC`, the major version, end of line: what each side says first. */
export const preface = 'PICC/1\n';

/** A header is a few hundred bytes; 32 boxes and a long message stay far below this. */
export const maxHeaderBytes = 64 * 1024;

/** Regions named in one verdict; more say nothing more. */
export const maxBoxes = 32;

/** Runs of sequences named in one `dropped`: more frames than that apart take a second message. */
export const maxSequenceRanges = 256;

/** The agent speaks at least this often, so that either side can tell quiet from gone. */
export const pingIntervalMs = 15_000;

/** No answer for this long and the link is dead. */
export const answerDeadlineMs = 30_000;

/** From accepting a connection to its welcome, however busy it looks: a stranger holds no place for longer. */
export const helloDeadlineMs = 10_000;

/** Messages in a minute that carry nothing (pings, answers to nothing, types that are not known). */
export const maxIdleMessagesPerMinute = 240;
