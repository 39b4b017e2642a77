/** The errors of a JPEG that cannot be read: damaged, or coded in an unsupported way. Pure. */
import { OperationalError } from '../cli/errors.js';

/** @param reason completes "the JPEG is damaged: …" */
export function damaged(reason: string): OperationalError {
  return new OperationalError('FRAME', `the JPEG is damaged: ${reason}`);
}

/** @param reason completes "the JPEG cannot be decoded: …" */
export function unreadable(reason: string): OperationalError {
  return new OperationalError('FRAME', `the JPEG cannot be decoded: ${reason}`);
}
