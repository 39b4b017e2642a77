/** The fingerprint of a public key, for a comparison by eye or telephone. Pure. */
import { type KeyObject, createHash } from 'node:crypto';

/** `SHA256:` and the hash of the key's DER form in base64 without padding, as OpenSSH writes fingerprints. */
export function fingerprintOf(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`;
}
