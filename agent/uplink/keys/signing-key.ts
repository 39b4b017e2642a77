/**
 * The camera's signing key: `signing/key.pem` (PKCS #8, mode 0600) in the state directory, made when it is missing. A
 * new state directory has a new key, as it has new epochs.
 */
import { type KeyObject, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { link, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { PrivateFolder, withFolder } from '../../../shared/files/private-file.js';
import { readFrameSize } from '../../../shared/jpeg/frame-size.js';
import {
  type EntryId,
  type SignedStatement,
  frameStatement,
  gapStatement,
  reportStatement,
  readPrivateKey,
  signStatement,
} from '../../../shared/protocol/statement.js';
import type { Entry } from '../../spool/entry.js';

/** Not beside the keys of pairing: an installed agent cannot write there. */
const folderName = 'signing';
const fileName = 'key.pem';

export class SigningKey {
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string;
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  }

  /** @throws {OperationalError} KEYS: it cannot be read or made */
  static async open(stateDirectory: string): Promise<SigningKey> {
    const path = join(stateDirectory, folderName, fileName);
    let pem: string;
    try {
      pem = await withFolder(PrivateFolder.make(dirname(path)), async (folder) => {
        return (await readIfThere(folder)) ?? (await make(folder));
      });
    } catch (cause) {
      const hint = "give the agent's user write access to this folder";
      throw new OperationalError('KEYS', `cannot read or make ${path}`, { cause, hint });
    }
    const key = readPrivateKey(pem);
    if (key !== undefined) return new SigningKey(key);
    throw new OperationalError('KEYS', `${path} is not an Ed25519 private key`, {
      hint: 'restore it from a copy, or remove it: a new key is made, and the receiver reports the change',
    });
  }

  /** Signs a statement about an entry: the same each time. */
  sign(id: EntryId, { header, body }: Entry): SignedStatement {
    return signStatement(statementOf(id, header, body), this.#key);
  }
}

function statementOf(id: EntryId, header: Entry['header'], body: Buffer): string {
  switch (header.type) {
    case 'frame':
      return frameStatement(id, header, body.length, readFrameSize(body));
    case 'dropped':
      return gapStatement(id, header);
    case 'report':
      return reportStatement(id, header);
  }
}

async function readIfThere(folder: PrivateFolder): Promise<string | undefined> {
  try {
    return await folder.read(fileName);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns the key in the file, which another process may have made meanwhile */
async function make(folder: PrivateFolder): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const temporary = `.${fileName}.${randomUUID()}.new`;
  await folder.write(temporary, pem);
  try {
    await link(folder.at(temporary), folder.at(fileName));
  } catch (error) {
    // A file system without hard links: one agent at a time uses a state directory.
    if (systemCode(error) !== 'EEXIST') await rename(folder.at(temporary), folder.at(fileName));
  }
  await folder.remove(temporary);
  return folder.read(fileName);
}
