/**
 * Requests to one bucket, repeated with growing pauses while the object store is busy or cannot be reached. An object
 * is written when its PUT was answered with 200, and not before; each PUT carries the MD5 of its body, which the store
 * checks.
 */
import { setMaxListeners } from 'node:events';
import { backoffMs } from '../../../shared/backoff.js';
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import type { HttpAnswer } from './http-exchange.js';
import { ListPages } from './list-pages.js';
import {
  type ListedObject,
  type S3Refusal,
  connectionError,
  isPassing,
  readListPage,
  readRefusal,
  refusalError,
} from './s3-answers.js';
import type { S3Credentials } from './s3-credentials.js';
import {
  type Metadata,
  type S3Place,
  type S3Request,
  metadataOf,
  putOf,
  requestOnce,
} from './s3-request.js';

export interface S3ClientParts extends S3Place {
  /** Reads them anew. @throws {OperationalError} KEYS */
  readonly readCredentials: () => Promise<S3Credentials>;
  readonly clock: Clock;
  /** Called once: the store answers 501 to a conditional write. */
  readonly onUnconditional?: () => void;
  /** Called with the wall time of the store, from each answer that has one. */
  readonly onDate?: (storeMs: number) => void;
  /** Of a request and its repetitions; the last one can end up to `attemptMs` later. Default: 15 s. */
  readonly giveUpAfterMs?: number;
}

export interface ObjectFacts {
  readonly byteCount: number;
  /** Names in lower case. */
  readonly metadata: Metadata;
}

const defaultGiveUpMs = 15_000;
const pauses = { firstMs: 200, capMs: 5000 };

export class S3Client {
  readonly #parts: S3ClientParts;
  #credentials: Promise<S3Credentials> | undefined;
  /** The store has answered 501 to a conditional write. */
  #isUnconditional = false;
  readonly #end = new AbortController();
  /** What ends the requests that run. */
  readonly #running = new Set<() => void>();

  constructor(parts: S3ClientParts) {
    this.#parts = parts;
    // Each request that waits to be repeated listens.
    setMaxListeners(0, this.#end.signal);
  }

  /** `s3://frames/yard/…`, for messages. */
  place(key = ''): string {
    return `s3://${this.#parts.bucket}/${this.#parts.prefix}${key}`;
  }

  /** Ends waiting requests with an error. */
  close(): void {
    this.#end.abort();
    for (const end of this.#running) end();
  }

  /** Writes an object over another one. @throws {OperationalError} STORE: it may or may not be written */
  async put(key: string, body: Buffer, metadata: Metadata = {}): Promise<void> {
    const request = putOf(key, body, metadata);
    check(`cannot write ${this.place(key)}`, await this.#send(request), [200]);
  }

  /**
   * Writes an object where there is none.
   * @returns false: there is one; it may be of an earlier attempt of this call
   * @throws {OperationalError} STORE: it may or may not be written
   */
  async putNew(key: string, body: Buffer, metadata: Metadata = {}): Promise<boolean> {
    if (this.#isUnconditional) return await this.#putUnconditionally(key, body, metadata);
    const request = putOf(key, body, metadata, { 'If-None-Match': '*' });
    const answer = await this.#send(request);
    if (answer.status === 412) return false;
    if (answer.status !== 501) {
      check(`cannot write ${this.place(key)}`, answer, [200]);
      return true;
    }
    this.#isUnconditional = true;
    this.#parts.onUnconditional?.();
    return await this.#putUnconditionally(key, body, metadata);
  }

  /** @returns undefined: there is no such object @throws {OperationalError} STORE */
  async head(key: string): Promise<ObjectFacts | undefined> {
    const answer = await this.#send({ method: 'HEAD', key });
    if (answer.status === 404) return undefined;
    const what = `cannot read ${this.place(key)}`;
    check(what, answer, [200]);
    const { 'content-length': length } = answer.headers;
    if (length === undefined) {
      throw new OperationalError('STORE', `${what}: the object store does not say its size`);
    }
    return { byteCount: Number(length), metadata: metadataOf(answer.headers) };
  }

  /** @returns undefined: there is no such object @throws {OperationalError} STORE */
  async get(key: string): Promise<Buffer | undefined> {
    return (await this.read(key))?.bytes;
  }

  /** @returns undefined: there is no such object @throws {OperationalError} STORE */
  async read(key: string): Promise<{ bytes: Buffer; metadata: Metadata } | undefined> {
    const answer = await this.#send({ method: 'GET', key });
    const refusal = answer.status === 404 ? readRefusal(404, answer.body.toString()) : undefined;
    if (refusal?.code === 'NoSuchKey') return undefined;
    check(`cannot read ${this.place(key)}`, answer, [200]);
    return { bytes: answer.body, metadata: metadataOf(answer.headers) };
  }

  /** Removes an object; it may be missing. @throws {OperationalError} STORE */
  async remove(key: string): Promise<void> {
    check(
      `cannot remove ${this.place(key)}`,
      await this.#send({ method: 'DELETE', key }),
      [200, 204, 404],
    );
  }

  /** Objects whose keys begin so, sorted by key. @param startAfter only later keys @throws {OperationalError} STORE */
  async *list(start: string, startAfter?: string): AsyncGenerator<ListedObject> {
    const { prefix } = this.#parts;
    const after = startAfter === undefined ? {} : { 'start-after': prefix + startAfter };
    for await (const { objects } of this.#pages(start, after)) {
      for (const each of objects) yield { ...each, key: each.key.slice(prefix.length) };
    }
  }

  /** What is directly below a path, which is empty or ends with `/`: as of a directory. @throws {OperationalError} STORE */
  async below(path: string): Promise<{ folders: string[]; files: string[] }> {
    const start = this.#parts.prefix.length + path.length;
    const [folders, files]: [string[], string[]] = [[], []];
    for await (const { prefixes, objects } of this.#pages(path, { delimiter: '/' })) {
      folders.push(...prefixes.map((each) => each.slice(start, -1)));
      files.push(...objects.map(({ key }) => key.slice(start)));
    }
    return { folders, files };
  }

  async *#pages(start: string, more: Readonly<Record<string, string>>) {
    const what = `cannot list ${this.place(start)}`;
    const common = { 'list-type': '2', 'encoding-type': 'url', prefix: this.#parts.prefix + start };
    const pages = new ListPages(common.prefix);
    for (let next: string | undefined, isFirst = true; isFirst || next !== undefined;) {
      isFirst = false;
      const query = {
        ...common,
        ...more,
        ...(next !== undefined && { 'continuation-token': next }),
      };
      const answer = await this.#send({ method: 'GET', key: '', query });
      check(what, answer, [200]);
      let page;
      try {
        const xml = answer.body.toString();
        page = pages.next(readListPage(xml), xml);
      } catch (cause) {
        throw new OperationalError('STORE', what, { cause });
      }
      yield page;
      ({ next } = page);
    }
  }

  /** The same key has the same bytes, but for two frames of one millisecond: they are looked for before. */
  async #putUnconditionally(key: string, body: Buffer, metadata: Metadata): Promise<boolean> {
    if ((await this.head(key)) !== undefined) return false;
    await this.put(key, body, metadata);
    return true;
  }

  /** Sends until an answer is not passing. @throws {OperationalError} STORE: it stays busy or out of reach */
  async #send(request: S3Request): Promise<HttpAnswer> {
    const { clock, giveUpAfterMs = defaultGiveUpMs } = this.#parts;
    const startMs = clock.monotonicMs();
    let hasNewCredentials = false;
    for (let attempt = 1; ; attempt += 1) {
      let result = await this.#attempt(request);
      if (!(result instanceof OperationalError)) {
        if (result.status === 403 && !hasNewCredentials && (await this.#hasOtherCredentials())) {
          hasNewCredentials = true;
          continue;
        }
        const refusal = refusalOf(request, result);
        if (refusal === undefined || !isPassing(refusal)) return result;
        result = refusalError(this.#what(request), refusal);
      }
      const pauseMs = backoffMs(attempt, Math.random(), pauses);
      if (clock.monotonicMs() - startMs + pauseMs > giveUpAfterMs) throw result;
      await clock.sleep(pauseMs, this.#end.signal);
      if (this.#end.signal.aborted) throw result;
    }
  }

  /** @returns an error of the connection @throws {OperationalError} KEYS */
  async #attempt(request: S3Request): Promise<HttpAnswer | OperationalError> {
    this.#credentials ??= this.#parts.readCredentials();
    const credentials = await this.#credentials.catch((error: unknown) => {
      this.#credentials = undefined;
      throw error;
    });
    const result = this.#end.signal.aborted
      ? { failure: new Error('the program is ending') }
      : await requestOnce(request, { ...this.#parts, credentials, running: this.#running });
    if ('failure' in result) return connectionError(this.#what(request), result.failure);
    const storeMs = Date.parse(result.headers.date ?? '');
    if (Number.isFinite(storeMs)) this.#parts.onDate?.(storeMs);
    return result;
  }

  /** Reads the credentials anew. @returns whether they have changed @throws {OperationalError} KEYS */
  async #hasOtherCredentials(): Promise<boolean> {
    const before = await this.#credentials;
    const now = await this.#parts.readCredentials();
    this.#credentials = Promise.resolve(now);
    return JSON.stringify(before) !== JSON.stringify(now);
  }

  #what({ method, key }: S3Request): string {
    const verbs = { GET: 'read', HEAD: 'read', PUT: 'write', DELETE: 'remove' };
    return `cannot ${verbs[method]} ${this.place(key)}`;
  }
}

/** An answer to a write that was begun before it failed has the status 200, and says in its body that it failed. */
function refusalOf({ method }: S3Request, { status, body }: HttpAnswer): S3Refusal | undefined {
  const isWrite = method === 'PUT' || method === 'DELETE';
  const isDone = status >= 200 && status < 300 && !(isWrite && body.includes('<Error>'));
  return isDone ? undefined : readRefusal(status, body.toString());
}

/** @throws {OperationalError} STORE: the status is none of these */
function check(what: string, answer: HttpAnswer, statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return;
  throw refusalError(what, readRefusal(answer.status, answer.body.toString()));
}
