/**
 * The keys of the object store: from a file, from the credential `picchanged-s3` that systemd passes, or from the
 * environment; for root, who types commands beside the services, also from where systemd has that credential. A file has lines as the environment: AWS_ACCESS_KEY_ID=…, also in the form of ~/.aws/credentials. They
 * are never on a command line, which every user of the machine can read.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that expire. */
  readonly sessionToken?: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

export interface S3CredentialPlaces {
  /** `--s3-credentials`. */
  readonly file: string | undefined;
  readonly env: Variables;
}

const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
const credentialName = 'picchanged-s3';
/** systemd passes the credential from here; root alone reads it. */
const credentialStore = '/etc/credstore';
const hint =
  'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file with these lines: --s3-credentials FILE';

/** Reads them anew: keys that expire are replaced in their file. @throws {OperationalError} KEYS */
export async function readS3Credentials({ file, env }: S3CredentialPlaces): Promise<S3Credentials> {
  if (file !== undefined) return await readFrom(file);
  const isInEnvironment = Boolean(env.AWS_ACCESS_KEY_ID || env.AWS_SECRET_ACCESS_KEY);
  const found =
    (await readIn(env.CREDENTIALS_DIRECTORY, ['ENOENT'])) ??
    (isInEnvironment ? undefined : await readIn(credentialStore, ['ENOENT', 'EACCES', 'ENOTDIR']));
  return found ?? credentialsOf(env, 'the environment');
}

/** @returns these variables, with the keys in them, for a process that gives its rights up @throws {OperationalError} KEYS */
export async function withS3Credentials(places: S3CredentialPlaces): Promise<Variables> {
  const { accessKeyId, secretAccessKey, sessionToken } = await readS3Credentials(places);
  return {
    ...places.env,
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    ...{ AWS_SESSION_TOKEN: sessionToken, CREDENTIALS_DIRECTORY: undefined },
  };
}

/** @param missing codes of errors by which there is no credential @returns undefined: there is none */
async function readIn(
  directory: string | undefined,
  missing: readonly string[],
): Promise<S3Credentials | undefined> {
  if (directory === undefined || directory === '') return undefined;
  return await readFrom(join(directory, credentialName)).catch((error: unknown) => {
    const code = error instanceof OperationalError ? systemCode(error.cause) : undefined;
    if (code !== undefined && missing.includes(code)) return undefined;
    throw error;
  });
}

async function readFrom(path: string): Promise<S3Credentials> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new OperationalError('KEYS', `cannot read the keys of the object store in ${path}`, {
      ...{ cause, hint: 'name a file that this user may read: --s3-credentials FILE' },
    });
  }
  return credentialsOf(parseLines(text, path), path);
}

/**
 * `NAME=value` and `name = value`, also as a shell has it: `export NAME="value"`. Sections, comments and other lines are
 * skipped. @throws {OperationalError} KEYS: a name has two values, as in a file of several accounts
 */
function parseLines(text: string, path: string): Variables {
  const variables: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, given = '', value = ''] = /^\s*(?:export\s+)?([A-Za-z_]+)\s*=(.*)$/s.exec(line) ?? [];
    const name = given.toUpperCase();
    if (!names.includes(name)) continue;
    const read = withoutQuotes(value);
    if ((variables[name] ??= read) !== read) {
      throw new OperationalError('KEYS', `${path} has two values of ${name}`, {
        hint: 'leave the keys of one account in that file',
      });
    }
  }
  return variables;
}

const withoutQuotes = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, '$2');

/** @throws {OperationalError} KEYS: one is missing, or is none */
function credentialsOf(variables: Variables, place: string): S3Credentials {
  const [accessKeyId, secretAccessKey, sessionToken] = names.map((name) => {
    const value = withoutQuotes(variables[name] ?? '');
    if (/^[!-~]*$/.test(value)) return value;
    const hint = `write ${name}=… without spaces, and nothing behind it`;
    throw new OperationalError('KEYS', `${name} in ${place} has a space, or is not ASCII`, {
      hint,
    });
  });
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
    throw new OperationalError('KEYS', `${missing} is not in ${place}`, { hint });
  }
  return { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined };
}
