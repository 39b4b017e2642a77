/**
 * Collects the public keys that signatures are checked with: pinned by the receiver now or earlier, or given as files.
 */
import { readFile } from 'node:fs/promises';
import { OperationalError } from '../../../shared/cli/errors.js';
import { readPublicKey } from '../../../shared/protocol/statement.js';
import { readEarlierKeys } from '../../access/keys/earlier-key.js';
import type { KeyFolder } from '../../access/keys/key-folder.js';
import type { KnownKey } from './keys.js';
import type { KeyFile } from './verify-options.js';

/** @throws {OperationalError} KEYS: a file is no public key of a camera, or the keys folder cannot be read */
export async function knownKeys(
  folder: KeyFolder | undefined,
  given: readonly KeyFile[],
): Promise<Map<string, KnownKey[]>> {
  const keys = new Map<string, KnownKey[]>();
  for (const { camera, file } of folder?.cameras() ?? []) {
    const key = file.signer && readPublicKey(file.signer.publicKey);
    if (key !== undefined) keys.set(camera, [{ key, pinnedAtMs: file.signer?.pinnedAtMs }]);
  }
  for (const { camera, name, pem } of folder === undefined ? [] : readEarlierKeys(folder.path)) {
    const key = readPublicKey(pem);
    if (key === undefined) throw noPublicKey(`${folder?.path}/${name}`);
    keys.set(camera, [...(keys.get(camera) ?? []), { key, pinnedAtMs: undefined }]);
  }
  const named = new Map<string, KnownKey[]>();
  for (const { camera, file } of given) {
    const key = await readKeyFile(file);
    named.set(camera, [...(named.get(camera) ?? []), { key, pinnedAtMs: undefined }]);
  }
  // What is given counts: this machine's receiver may have another camera of that name.
  for (const [camera, all] of named) keys.set(camera, all);
  return keys;
}

const hint = 'it is what receiver cameras --public-key CAMERA prints';

const noPublicKey = (file: string): OperationalError =>
  new OperationalError('KEYS', `${file} has no public key of a camera (Ed25519, PEM)`, { hint });

async function readKeyFile(file: string): Promise<KnownKey['key']> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (cause) {
    throw new OperationalError('KEYS', `cannot read the public key ${file}`, { cause, hint });
  }
  const key = readPublicKey(pem);
  if (key === undefined) throw noPublicKey(file);
  return key;
}
