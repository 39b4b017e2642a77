/**
 * Keys that were made elsewhere, for many cameras at once. systemd hands them over as the credential
 * `picchanged-keys`, which it takes from `/etc/credstore/picchanged-keys` (systemd.exec(5)): a line a key,
 *
 *   frontdoor.k1 HEX
 *
 * camera, key id, and the key as 64 hex digits; empty lines and lines from `#` on are passed over. Read only.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../cli/errors.js';
import { type CameraKey, keyHexPattern, parseIdentity } from './identity.js';

/** Keys that everybody can read: SECURITY.md of 0.1.0 showed one as its example. */
const publishedKeys = new Set(['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08']);

const credentialName = 'picchanged-keys';
const credentialStore = '/etc/credstore';

/**
 * Where a verb that is typed beside a service finds the service's fleet keys.
 * @param userId who types; systemd's store is root's alone
 */
export function typedCredentials(
  given: string | undefined,
  userId: number | undefined,
): string | undefined {
  return given ?? (userId === 0 ? credentialStore : undefined);
}

/**
 * @param directory `$CREDENTIALS_DIRECTORY`; undefined: there are none
 * @throws {OperationalError} KEYS: the file is there and cannot be read or understood
 */
export async function readFleetKeys(directory: string | undefined): Promise<readonly CameraKey[]> {
  if (directory === undefined || directory === '') return [];
  const path = join(directory, credentialName);
  try {
    return parseFleetKeys(await readFile(path, 'utf8'));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw new OperationalError('KEYS', `cannot use the keys in ${path}`, { cause });
  }
}

/** @throws {Error} with the number of a wrong line; never with what it holds, which may be a key */
export function parseFleetKeys(text: string): CameraKey[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const [identityText = '', hex = '', ...rest] = trimmed.split(/\s+/);
    const identity = parseIdentity(identityText);
    if (identity === undefined || !keyHexPattern.test(hex) || rest.length > 0) {
      throw new Error(`line ${index + 1} is not CAMERA.ID and 64 hex digits`);
    }
    if (publishedKeys.has(hex)) {
      const why =
        'has the key that the documentation once showed as an example, which everybody knows';
      throw new Error(`line ${index + 1} ${why}: make one with openssl rand -hex 32`);
    }
    return [{ camera: identity.name, id: identity.keyId, key: Buffer.from(hex, 'hex') }];
  });
}
