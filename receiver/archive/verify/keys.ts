/** The known public keys of cameras' signatures, and the check of a signature. */
import { type KeyObject, verify } from 'node:crypto';
import type { SignedStatement } from '../../../shared/protocol/statement.js';

export interface KnownKey {
  readonly key: KeyObject;
  /** When this receiver pinned it; undefined: it was given. */
  readonly pinnedAtMs: number | undefined;
}

/** By camera. */
export type KnownKeys = ReadonlyMap<string, readonly KnownKey[]>;

const signaturePattern = /^[\w-]{86}$/;

/** Whether one of the keys made the signature. */
export function isSignedByOne(
  { statement, signature }: SignedStatement,
  keys: readonly KeyObject[],
): boolean {
  if (!signaturePattern.test(signature)) return false;
  const [data, bytes] = [Buffer.from(statement, 'latin1'), Buffer.from(signature, 'base64url')];
  return keys.some((key) => verify(null, data, key, bytes));
}
