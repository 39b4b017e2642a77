/** The address of an IP camera, its password, and a name for messages without it. */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError, systemCode } from '../../shared/cli/errors.js';
import type { Credentials } from './http-credentials.js';

export interface CameraAddress {
  /** Without user and password. */
  readonly url: URL;
  readonly credentials: Credentials | undefined;
  /** For messages: without password and query, which often holds one too. */
  readonly name: string;
}

const maxFileBytes = 4096;

/**
 * @param file holds one line `user:password`; it replaces what the address has
 * @param credentialsDirectory `$CREDENTIALS_DIRECTORY`: systemd protects the files in it
 * @throws {UsageError} the file cannot be used
 */
export async function cameraAddress(
  text: string,
  file: string | undefined,
  credentialsDirectory: string | undefined,
): Promise<CameraAddress> {
  const url = new URL(text);
  const inAddress =
    url.username === '' && url.password === ''
      ? undefined
      : { user: decoded(url.username), password: decoded(url.password) };
  url.username = '';
  url.password = '';
  url.hash = '';
  const name = `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
  if (file === undefined) return { url, credentials: inAddress, name };
  const isProtected = credentialsDirectory !== undefined && dirname(file) === credentialsDirectory;
  return { url, credentials: await readCredentials(file, isProtected), name };
}

/** A password may hold a percent sign that begins no code. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readCredentials(path: string, isProtected: boolean): Promise<Credentials> {
  const text = await readSecret(path, isProtected);
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const [, user, password] = /^([^:]+):(.*)$/.exec(lines[0] ?? '') ?? [];
  if (lines.length !== 1 || user === undefined || password === undefined) {
    throw new UsageError(`--source-credentials ${path} does not hold one line user:password`);
  }
  return { user, password };
}

async function readSecret(path: string, isProtected: boolean): Promise<string> {
  const file = await open(path).catch((cause: unknown) => {
    const isMissing = systemCode(cause) === 'ENOENT';
    const problem = isMissing ? 'does not exist' : 'cannot be read';
    throw new UsageError(`--source-credentials ${path} ${problem}`, { cause });
  });
  try {
    const { mode, size } = await file.stat();
    if (!isProtected && (mode & 0o077) !== 0) {
      throw new UsageError(`other users can read --source-credentials ${path}`, {
        hint: `chmod 600 ${path}`,
      });
    }
    if (size > maxFileBytes) throw new UsageError(`--source-credentials ${path} is too large`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
