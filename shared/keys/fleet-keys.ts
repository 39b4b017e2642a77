/**
 * Fleet keys: keys that an administrator generates for many cameras. systemd passes them as the credential
 * `picchanged-keys`, read from `/etc/credstore/picchanged-keys` (systemd.exec(5)), one key per line:
 *
 *   frontdoor.k1 HEX
 *
 * Camera, key id, and the key as 64 hex digits. Empty lines and lines that start with `#` are ignored. Read only.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../cli/errors.js';
import { type CameraKey, keyHexPattern, parseIdentity } from './identity.js';

/** Publicly known keys: SECURITY.md of 0.1.0 had one as its example. */
const publishedKeys = new Set(['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08']);

const credentialName = 'picchanged-keys';
const credentialStore = '/etc/credstore';

/**
 * Folder of the service's fleet keys for a command that runs beside the service.
 * @param userId the user who runs the command; systemd's store is readable by root alone
 */
export function typedCredentials(
  credentialsDirectory: string | undefined,
  userId: number | undefined,
): string | undefined {
  return credentialsDirectory ?? (userId === 0 ? credentialStore : undefined);
}

/**
 * @param directory `$CREDENTIALS_DIRECTORY`; undefined: no credentials
 * @throws {OperationalError} KEYS: the file exists and cannot be read or parsed
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

/** @throws {Error} with the number of the invalid line, never with its text, which may be a key */
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
      const why = 'has the example key of the documentation, which is public';
      throw new Error(`line ${index + 1} ${why}: make a new one with openssl rand -hex 32`);
    }
    return [{ camera: identity.name, id: identity.keyId, key: Buffer.from(hex, 'hex') }];
  });
}
