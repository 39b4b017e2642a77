/** The two ways in which a JPEG cannot be read, as errors. Pure. */
import { OperationalError } from '../cli/errors.js';

/** @param reason completes "the JPEG is damaged: …" */
export function damaged(reason: string): OperationalError {
  return new OperationalError('FRAME', `the JPEG is damaged: ${reason}`);
}

/** Whole, perhaps, but of a kind that no decoder here reads. @param what completes "the JPEG …" */
export function unreadable(what: string, hint?: string): OperationalError {
  return new OperationalError(
    'FRAME',
    `the JPEG ${what} and cannot be read`,
    hint === undefined ? {} : { hint },
  );
}
