/**
 * Frames as objects of a bucket. Exactly-once rests on the key and the conditional write alone: the key follows from the
 * frame's header, and the metadata of the object says which frame it is. A deleted frame leaves an empty object under its
 * key, so that it stays a duplicate and its name is given to no other.
 */
import { createHash, randomUUID } from 'node:crypto';
import { OperationalError } from '../../../shared/cli/errors.js';
import { numberedName } from '../../../shared/protocol/frame-path.js';
import type { FrameToStore } from '../store-port.js';
import type { ObjectFacts, S3Client } from './s3-client.js';
import type { Metadata } from './s3-request.js';

export interface FrameToName {
  readonly frame: FrameToStore;
  /** See `frameKey`; undefined for a raw frame, which never counts as a repeat. */
  readonly key: string | undefined;
  readonly folder: string;
  readonly stem: string;
  /** Whether the record says that a name belongs to another frame. */
  readonly isOfAnother: (name: string) => boolean;
}

export interface NamedObject {
  readonly name: string;
  readonly isNew: boolean;
}

/** The names that are tried in order; after them a number that follows from the frame: each frame costs the same. */
const orderedNumbers = 8;
/** Numbers that follow from frames; two frames of one millisecond rarely have the same. */
const hashedNumbers = 900_000_000;
const maxNumbers = orderedNumbers + 32;

/** The value of the metadata `sha256` of a frame. */
export const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export class BucketFrames {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** Stores a frame, unless it is there. @throws {OperationalError} STORE */
  async store(wanted: FrameToName): Promise<NamedObject> {
    const { frame, folder, stem } = wanted;
    const metadata = metadataOf(wanted);
    for (const number of numbersOf(metadata)) {
      const name = numberedName(stem, number);
      if (wanted.isOfAnother(name)) continue;
      const path = `${folder}/${name}`;
      if (await this.#client.putNew(path, frame.jpeg, metadata)) return { name, isNew: true };
      const found = await this.#client.head(path);
      if (found === undefined) {
        throw new OperationalError(
          'STORE',
          `${this.#client.place(path)} vanished while it was written`,
        );
      }
      if (await this.#isSame(path, found, metadata)) return { name, isNew: false };
    }
    throw new OperationalError(
      'STORE',
      `no name is free for ${this.#client.place(`${folder}/${stem}`)}`,
    );
  }

  /** @returns undefined: the folder does not have the frame @throws {OperationalError} STORE */
  async find(wanted: FrameToName): Promise<string | undefined> {
    const metadata = metadataOf(wanted);
    for (const number of numbersOf(metadata)) {
      const name = numberedName(wanted.stem, number);
      const path = `${wanted.folder}/${name}`;
      const found = await this.#client.head(path);
      if (found === undefined) return undefined;
      if (!wanted.isOfAnother(name) && (await this.#isSame(path, found, metadata))) return name;
    }
    return undefined;
  }

  /** Whether an object is the frame with this metadata. */
  async #isSame(path: string, { metadata: found }: ObjectFacts, own: Metadata): Promise<boolean> {
    if (found.frame !== undefined && found.frame !== own.frame) return false;
    if (found.sha256 !== undefined) return found.sha256 === own.sha256;
    // Another program wrote it.
    const bytes = await this.#client.get(path);
    return bytes !== undefined && hashOf(bytes) === own.sha256;
  }
}

/**
 * Replaces a frame by an empty object. An erased one loses its hash too: what is not stored again needs none.
 * @returns bytes that it had; undefined: it is gone already
 * @throws {OperationalError} STORE: it may or may not be empty
 */
export async function emptyFrame(
  client: S3Client,
  path: string,
  why: string,
): Promise<number | undefined> {
  const found = await client.head(path);
  if (found === undefined || found.byteCount === 0) return undefined;
  const { sha256: known, ...rest } = found.metadata;
  // Without one, of an object that another program wrote, a repeat would be stored as another frame.
  const sha256 = known ?? (why === 'erased' ? undefined : await readHash(client, path));
  const hash = why === 'erased' || sha256 === undefined ? {} : { sha256 };
  await client.put(path, Buffer.alloc(0), { ...rest, ...hash, deleted: why });
  return found.byteCount;
}

/** @returns undefined: it is gone @throws {OperationalError} STORE */
async function readHash(client: S3Client, path: string): Promise<string | undefined> {
  const bytes = await client.get(path);
  return bytes === undefined || bytes.length === 0 ? undefined : hashOf(bytes);
}

function metadataOf({ frame, key }: FrameToName): Metadata {
  return { sha256: frame.sha256, frame: key ?? `raw ${randomUUID()}` };
}

function* numbersOf({ frame = '', sha256 = '' }: Metadata): Generator<number> {
  for (let number = 1; number <= orderedNumbers; number += 1) yield number;
  const digest = createHash('sha256').update(`${frame} ${sha256}`).digest();
  const start = orderedNumbers + 1 + (digest.readUInt32BE(0) % hashedNumbers);
  for (let more = 0; more < maxNumbers - orderedNumbers; more += 1) yield start + more;
}
