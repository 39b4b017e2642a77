/** Checks the first bytes that a receiver sends. Pure. */
import { OperationalError } from '../../shared/cli/errors.js';
import { preface } from '../../shared/protocol/protocol-limits.js';

/** @returns false: more bytes are needed @throws {OperationalError} PROTOCOL: not a receiver of this version */
export function hasPreface(bytes: Buffer): boolean {
  const expected = Buffer.from(preface);
  const shared = Math.min(bytes.length, expected.length);
  if (bytes.subarray(0, shared).equals(expected.subarray(0, shared))) {
    return bytes.length >= expected.length;
  }
  const received = bytes
    .toString('latin1', 0, 200)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
  const expectation = `not a picchanged receiver of this protocol version: it sent '${received}'`;
  throw new OperationalError('PROTOCOL', expectation);
}
