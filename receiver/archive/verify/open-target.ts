/** Opens what is to be verified: a captures directory, or an export as a directory or zip file. */
import { constants, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { readPublicKey } from '../../../shared/protocol/statement.js';
import { cameraOfEarlierKey } from '../../access/keys/earlier-key.js';
import { Folder } from '../../store/folder.js';
import { isBucketText } from '../../store/s3/s3-address.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { BucketSource } from './bucket-source.js';
import { CapturesSource } from './captures-source.js';
import { CheckEndedError } from './check-threads.js';
import type { VerifySource } from './day-folder.js';
import { type ExportFacts, exportFactsName, readExportFacts } from './export-facts.js';
import type { KnownKey } from './keys.js';
import { ZipError } from './zip-directory.js';
import { ZipSource } from './zip-source.js';

export interface Target {
  readonly source: VerifySource;
  /** Days that were left out too, when there are such. */
  readonly all: VerifySource;
  /** Undefined: it is a captures directory. */
  readonly facts: ExportFacts | undefined;
  /** That came with an export: the camera's, then its earlier ones. */
  readonly ownKeys: readonly KnownKey[];
  close(): Promise<void>;
}

/** @throws {OperationalError} UNREADABLE: it cannot be read; VERIFY: a zip file is damaged */
export async function openTarget(path: string, sinceMs: number | undefined): Promise<Target> {
  if (/^\..+\.part$/.test(basename(path))) {
    throw new OperationalError('VERIFY', `${path} is an export that was not finished`, {
      hint: 'export again; nothing needs this one any more',
    });
  }
  try {
    if ((await stat(path)).isFile()) return await openZip(path);
    const root = await Folder.open(path);
    try {
      return await openDirectory(path, root, sinceMs);
    } catch (error) {
      await root.close();
      throw error;
    }
  } catch (cause) {
    throw targetError(path, cause);
  }
}

/** As an error of the command: what is damaged is a finding, what cannot be read is none. */
export function targetError(path: string, cause: unknown): unknown {
  if (cause instanceof ZipError) {
    return new OperationalError('VERIFY', `${path} is damaged: ${cause.message}`, {
      hint: 'ask for the file again, and compare its size and SHA-256 with those of the sender',
    });
  }
  if (cause instanceof CheckEndedError) {
    const keys = keysErrorOf(cause);
    const ofStore = cause.cause instanceof OperationalError;
    if (keys !== undefined) {
      const hint = keys.hint === undefined ? {} : { hint: keys.hint };
      return new OperationalError('UNREADABLE', `cannot read ${path}`, { cause: keys, ...hint });
    }
    return new OperationalError('UNREADABLE', `not all of ${path} is checked`, {
      cause,
      hint: ofStore
        ? 'run it again when the object store answers'
        : 'run it again; free -m shows whether this machine has memory for it',
    });
  }
  if (isBucketText(path) && cause instanceof OperationalError && cause.code === 'STORE') {
    return new OperationalError('UNREADABLE', `cannot read ${path}`, { cause });
  }
  if (cause instanceof OperationalError || systemCode(cause) === undefined) return cause;
  const isDenied = systemCode(cause) === 'EACCES';
  const hint = isDenied ? 'sudo receiver verify' : 'name the captures directory: --dir DIR';
  return new OperationalError('UNREADABLE', `cannot read ${path}`, { cause, hint });
}

/** @returns undefined: it ended for another reason than the keys of the object store, which was not asked then */
export function keysErrorOf({ cause }: CheckEndedError): OperationalError | undefined {
  return cause instanceof OperationalError && cause.code === 'KEYS' ? cause : undefined;
}

/** A bucket that is open; `close` closes it. */
export function bucketTarget(client: S3Client, sinceMs: number | undefined): Target {
  const close = (): Promise<void> => {
    client.close();
    return Promise.resolve();
  };
  const [source, all] = [new BucketSource(client, sinceMs), new BucketSource(client)];
  return { source, all, facts: undefined, ownKeys: [], close };
}

async function openDirectory(
  path: string,
  root: Folder,
  sinceMs: number | undefined,
): Promise<Target> {
  const isExport = root.lstat(exportFactsName) !== undefined;
  const facts = isExport ? factsOf(path, await readText(root, exportFactsName)) : undefined;
  const names = facts === undefined ? [] : await keyNames(root.names(), facts.camera);
  const ownKeys: KnownKey[] = [];
  for (const name of names) ownKeys.push(keyOf(name, await readText(root, name)));
  return {
    source: new CapturesSource(root, sinceMs),
    all: new CapturesSource(root),
    facts,
    ownKeys,
    close: () => root.close(),
  };
}

async function readText(root: Folder, name: string): Promise<string> {
  const file = await root.openFile(name, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openZip(path: string): Promise<Target> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const source = await ZipSource.open(file);
    await source.checkOthers();
    const facts = factsOf(path, await source.text(exportFactsName));
    const ownKeys: KnownKey[] = [];
    for (const name of await keyNames(source.names(), facts.camera)) {
      ownKeys.push(keyOf(name, (await source.text(name)) ?? ''));
    }
    return { source, all: source, facts, ownKeys, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Of the files with a camera's keys: the present one first. */
async function keyNames(
  names: AsyncIterable<string> | Iterable<string>,
  camera: string,
): Promise<readonly string[]> {
  const [present, earlier]: [string[], string[]] = [[], []];
  for await (const name of names) {
    if (name === `${camera}.pem`) present.push(name);
    else if (cameraOfEarlierKey(name) === camera) earlier.push(name);
  }
  return [...present, ...earlier.sort()];
}

function factsOf(path: string, text: string | undefined): ExportFacts {
  const facts = text === undefined ? undefined : readExportFacts(text);
  if (facts !== undefined) return facts;
  throw new OperationalError(
    'VERIFY',
    `${path} is no export of receiver export: ${exportFactsName} is missing or changed`,
    {
      hint: 'name the file or directory that receiver export wrote',
    },
  );
}

function keyOf(name: string, pem: string): KnownKey {
  const key = readPublicKey(pem);
  if (key !== undefined) return { key, pinnedAtMs: undefined };
  throw new OperationalError('VERIFY', `${name} is no public key of a camera`, {
    hint: 'ask for the key by another way, and give it with --key CAMERA=FILE',
  });
}
