/**
 * Errors that an operator can act on: wrong usage, and failures outside the program.
 * Any error that is not an OperationalError is a bug in this program and may end the process.
 */
import { removeControls } from './plain-text.js';

/** Error codes and their meaning. docs/troubleshooting.md has a section for each. */
export const errorCodes = {
  USAGE: 'a flag, an environment variable or a value is wrong',
  CAMERA: 'no frame from the camera: program missing, camera missing or busy, or capture timed out',
  FRAME: 'a frame is not a complete JPEG, or is too large to analyse',
  MASK: 'the mask is not a usable PNG',
  STATE: 'the state directory cannot be read or written',
  UNDELIVERED: 'a one-shot run could not deliver all its frames',
  LINK: 'the receiver cannot be reached, or the connection broke',
  PROTOCOL: 'the peer sent something that this version does not understand',
  KEYS: 'a key is missing, cannot be read, or is unknown to the peer',
  LISTEN: 'cannot listen on the port or socket',
  WEB: 'the viewer cannot start, or cannot read its own files',
  STORE: 'the captures directory or the bucket cannot be used',
  OUTPUT: 'standard output cannot be written',
  DOCTOR: 'the doctor found a fault',
  VERIFY: 'stored frames or their record are not as they were recorded',
  UNREADABLE: 'something that is to be checked cannot be read; exit code 3',
  INSTALL: 'units, settings or programs could not be installed or removed',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorFacts {
  /** What to do now, for a reader who does not know the code. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A failure outside the program. The message states what failed, on what, with which value. */
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

/** Wrong usage or configuration: the process exits with code 2. */
export class UsageError extends OperationalError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super('USAGE', message, facts);
    this.name = 'UsageError';
  }
}

/** The code of the outermost error that has one; undefined: none has. */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  let at = error;
  // At most five causes: a chain of causes may be circular.
  for (let depth = 0; depth < 5 && at instanceof Error; depth += 1) {
    if (at instanceof OperationalError) return at.code;
    at = at.cause;
  }
  return undefined;
}

/** One line for an operator: message, causes, hint. Never a stack. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let hint: string | undefined;
  let at = error;
  // At most five causes: a chain of causes may be circular.
  for (let depth = 0; depth < 5; depth += 1) {
    if (!(at instanceof Error)) {
      parts.push(typeof at === 'string' ? at : `thrown value of type ${typeof at}`);
      break;
    }
    if (at instanceof OperationalError) hint ??= at.hint;
    // A connection that is tried on several addresses fails with one error per address.
    const several = at instanceof AggregateError ? at.errors : [];
    const text = several.length > 0 ? several.map(describeError).join(', ') : at.message || at.name;
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    if (at.cause === undefined) break;
    at = at.cause;
  }
  const text = parts.join(': ') + (hint === undefined ? '' : `; ${hint}`);
  // Messages of peers are part of it.
  return removeControls(text);
}

/** The errno name of a system error (`ENOSPC`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Exit code for an error that ends the program: 2 for wrong usage, 3 when a check could not look at everything, 1 for
 * any other.
 */
export function exitCodeFor(error: unknown): 1 | 2 | 3 {
  if (error instanceof UsageError) return 2;
  return error instanceof OperationalError && error.code === 'UNREADABLE' ? 3 : 1;
}
