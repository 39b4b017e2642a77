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
  return credentialsOf(parseLines(text), path);
}

/** `NAME=value` and `name = value`; sections and comments are skipped. */
function parseLines(text: string): Variables {
  const variables: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Za-z_]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) variables[name.toUpperCase()] = value;
  }
  return variables;
}

function credentialsOf(variables: Variables, place: string): S3Credentials {
  const accessKeyId = variables.AWS_ACCESS_KEY_ID;
  const secretAccessKey = variables.AWS_SECRET_ACCESS_KEY;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
    throw new OperationalError('KEYS', `${missing} is not in ${place}`, { hint });
  }
  return { accessKeyId, secretAccessKey, sessionToken: variables.AWS_SESSION_TOKEN };
}
