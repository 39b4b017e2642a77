/** A day of a bucket, as verify and export read it. Its list is as new as the last reading of its record. */
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { recordName } from '../../store/day-record.js';
import { isPiece, readBucketRecord } from '../../store/s3/bucket-record.js';
import { type ListedObject, isAway, isLastingRefusal } from '../../store/s3/s3-answers.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { CheckEndedError } from './check-threads.js';
import type { DayFolder, FilePlace, LoadedFile, Look, OpenBytes } from './day-folder.js';

export class BucketDay implements DayFolder {
  readonly camera: string;
  readonly path: string;
  readonly isUnclocked: boolean;
  readonly #client: S3Client;
  /** By name. */
  #objects: ReadonlyMap<string, ListedObject> | undefined;

  constructor(client: S3Client, camera: string, path: string) {
    this.#client = client;
    this.camera = camera;
    this.path = path;
    this.isUnclocked = path.startsWith(unclockedFolder(camera));
  }

  async *names(): AsyncIterable<string> {
    this.#objects ??= await this.#list();
    // An empty object is left of a deleted frame.
    for (const [name, { byteCount }] of this.#objects) if (byteCount > 0) yield name;
  }

  look(name: string): Look | undefined {
    const object = this.#objects?.get(name);
    if (object === undefined || object.byteCount === 0) return undefined;
    return { isFile: true, bytes: object.byteCount, changedAtMs: object.modifiedAtMs };
  }

  /** A frame is there before its line: the list that follows has each frame of the record. */
  async openRecord(): Promise<OpenBytes | undefined> {
    const bytes = await answered(() => readBucketRecord(this.#client, this.path));
    this.#objects = await this.#list();
    if (bytes.length === 0) return undefined;
    return {
      size: bytes.length,
      read: (into, atByte) => Promise.resolve(bytes.copy(into, 0, atByte)),
      close: () => Promise.resolve(),
    };
  }

  placeOf(name: string): FilePlace {
    return { load: () => this.#load(name) };
  }

  async bytesOf(name: string): Promise<Buffer | undefined> {
    const bytes = await answered(() => this.#client.get(`${this.path}/${name}`));
    return bytes?.length === 0 ? undefined : bytes;
  }

  async #load(name: string): Promise<LoadedFile> {
    try {
      const object = await answered(() => this.#client.read(`${this.path}/${name}`));
      if (object === undefined) return { unreadable: undefined };
      return { content: object.bytes, metadata: object.metadata };
    } catch (error) {
      if (!isLastingRefusal(error)) throw error;
      return { unreadable: describeError(error) };
    }
  }

  #list(): Promise<ReadonlyMap<string, ListedObject>> {
    return answered(async () => {
      const objects = new Map<string, ListedObject>();
      const isOf01 = this.path === unclockedFolder(this.camera);
      for await (const object of this.#client.list(`${this.path}/`)) {
        const name = object.key.slice(this.path.length + 1);
        if (name === '' || name === recordName || isPiece(name)) continue;
        const [first = ''] = name.split('/');
        // The days below the folder of 0.1.
        if (isOf01 && first !== name && isDayName(first)) continue;
        objects.set(first, object);
      }
      return objects;
    });
  }
}

/**
 * @throws {CheckEndedError} the store is away, or its keys are: what follows cannot be read either; {OperationalError} it
 *   refuses this, or has something else there
 */
export async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isOfKeys = cause instanceof OperationalError && cause.code === 'KEYS';
    if (!isOfKeys && !isAway(cause)) throw cause;
    throw new CheckEndedError('the object store does not answer', { cause });
  }
}
