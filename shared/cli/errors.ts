/**
 * What the world does to us, as errors that an operator can act on.
 * Anything that is not an OperationalError is a bug in this program and may end the process.
 */

/** Every code with what it stands for; the table in docs/troubleshooting.md is made from this. */
export const errorCodes = {
  USAGE: 'a flag, an environment variable or a value is wrong',
  CAMERA: 'no frame could be had: program missing, camera missing or busy, shot hung',
  FRAME: 'a frame is no whole JPEG, or is too large to look at',
  MASK: 'the mask is no usable PNG',
  STATE: 'the state directory cannot be read or written',
  SPOOL_FULL: 'the frames that wait for the receiver have reached their limit',
  UNDELIVERED: 'a one-shot run could not hand over what it had',
  LINK: 'the receiver cannot be reached, or the connection broke',
  PROTOCOL: 'the other side says something that this version does not understand',
  KEYS: 'a key is missing, cannot be read, or is not known on the other side',
  LISTEN: 'the port or socket to listen on cannot be had',
  STORE: 'the captures directory cannot be written',
  OUTPUT: 'standard output cannot be written',
  DOCTOR: 'the doctor found something that cannot work',
  INSTALL: 'units, settings or programs could not be put in place or taken away',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorFacts {
  /** What to do now, in the words of somebody who has never seen the code. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Something the world did. The message says what failed, on what, with which value. */
export class OperationalError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { hint, cause }: ErrorFacts = {}) {
    super(message, { cause });
    this.name = 'OperationalError';
    this.code = code;
    this.hint = hint;
  }
}

/** Wrong usage or configuration: the process ends with exit code 2. */
export class UsageError extends OperationalError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super('USAGE', message, facts);
    this.name = 'UsageError';
  }
}

/** One line for an operator: message, what caused it, and what to do. Never a stack. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let hint: string | undefined;
  let at = error;
  // Five say enough, and a cause may lead back to itself.
  for (let depth = 0; depth < 5; depth += 1) {
    if (!(at instanceof Error)) {
      parts.push(typeof at === 'string' ? at : `thrown value of type ${typeof at}`);
      break;
    }
    if (at instanceof OperationalError) hint ??= at.hint;
    // A connection tried on several addresses fails with one error for each.
    const several = at instanceof AggregateError ? at.errors : [];
    const text = several.length > 0 ? several.map(describeError).join(', ') : at.message || at.name;
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    if (at.cause === undefined) break;
    at = at.cause;
  }
  const text = parts.join(': ') + (hint === undefined ? '' : `; ${hint}`);
  // Other sides' words are in it: an escape sequence must not reach a terminal.
  return text.replaceAll(/\s*\p{Cc}+\s*/gu, ' ');
}

/** The errno name of a system error (`ENOSPC`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Exit code for an error that ends a program: 2 wrong usage, 1 anything else. */
export function exitCodeFor(error: unknown): 1 | 2 {
  return error instanceof UsageError ? 2 : 1;
}
