/** What a receiver says first, and what it means when something else comes. Pure. */
import { OperationalError } from '../../shared/cli/errors.js';
import { preface } from '../../shared/protocol/protocol-limits.js';

/** @returns false while bytes are missing @throws {OperationalError} PROTOCOL when what answers is no receiver of this version */
export function hasPreface(bytes: Buffer): boolean {
  const expected = Buffer.from(preface);
  const shared = Math.min(bytes.length, expected.length);
  if (bytes.subarray(0, shared).equals(expected.subarray(0, shared))) {
    return bytes.length >= expected.length;
  }
  const said = bytes
    .toString('latin1', 0, 200)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
  throw new OperationalError('PROTOCOL', `it is no picchanged receiver for us; it says '${said}'`);
}
