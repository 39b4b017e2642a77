/** An object store in memory: each request is one step, lists are exact, a conditional write is one step. */
import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '../../../receiver/store/s3/http-exchange.js';

export interface StoredObject {
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  readonly modifiedAtMs: number;
}

export class MemoryS3 {
  /** By bucket and key, without the leading `/`. */
  readonly objects = new Map<string, StoredObject>();
  /** Of lists. */
  pageSize = 1000;
  /** Of the times of objects. */
  resolutionMs = 1;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Carries a request out. */
  answer(url: URL, { method, headers, body = Buffer.alloc(0) }: HttpRequest): HttpAnswer {
    const path = url.pathname.slice(1).split('/').map(decodeURIComponent).join('/');
    if (!path.includes('/')) return this.#list(path, url.searchParams);
    const object = this.objects.get(path);
    if (method === 'PUT') return this.#put(path, headers, body);
    if (method === 'DELETE') {
      this.objects.delete(path);
      return answerOf(204);
    }
    if (object === undefined) return refusal(404, 'NoSuchKey');
    const named = Object.entries(object.metadata).map(([name, value]) => [
      `x-amz-meta-${name}`,
      value,
    ]);
    return {
      status: 200,
      headers: {
        ...(Object.fromEntries(named) as Record<string, string>),
        'content-length': String(object.body.length),
      },
      body: method === 'HEAD' ? Buffer.alloc(0) : object.body,
    };
  }

  #put(path: string, headers: HttpRequest['headers'], body: Buffer): HttpAnswer {
    if (headers['Content-MD5'] !== createHash('md5').update(body).digest('base64')) {
      return refusal(400, 'BadDigest');
    }
    if (headers['If-None-Match'] !== undefined && this.objects.has(path)) {
      return refusal(412, 'PreconditionFailed');
    }
    const prefix = 'x-amz-meta-';
    const metadata = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
    const named = metadata.map(([name, value]) => [name.slice(prefix.length), value]);
    const modifiedAtMs = Math.floor(this.#nowMs() / this.resolutionMs) * this.resolutionMs;
    this.objects.set(path, {
      ...{ body, modifiedAtMs },
      metadata: Object.fromEntries(named) as Record<string, string>,
    });
    return answerOf(200);
  }

  #list(bucket: string, query: URLSearchParams): HttpAnswer {
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
    const token = query.get('continuation-token');
    const after = token ?? query.get('start-after') ?? '';
    const found = new Map<string, StoredObject | undefined>();
    for (const path of [...this.objects.keys()].sort()) {
      const key = path.slice(bucket.length + 1);
      if (!path.startsWith(`${bucket}/`) || !key.startsWith(prefix)) continue;
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      const name = end < 0 ? key : key.slice(0, end + 1);
      if (name > after) found.set(name, end < 0 ? this.objects.get(path) : undefined);
      if (found.size > this.pageSize) break;
    }
    const page = [...found].slice(0, this.pageSize);
    const items = page.map(([key, object]) => {
      const name = encodeURIComponent(key);
      if (object === undefined) return `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`;
      const time = new Date(object.modifiedAtMs).toISOString();
      return `<Contents><Key>${name}</Key><LastModified>${time}</LastModified><Size>${object.body.length}</Size></Contents>`;
    });
    const isCut = found.size > page.length;
    const next = isCut
      ? `<NextContinuationToken>${page.at(-1)?.[0] ?? ''}</NextContinuationToken>`
      : '';
    const xml = `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${isCut}</IsTruncated>${next}${items.join('')}</ListBucketResult>`;
    return answerOf(200, xml);
  }
}

const answerOf = (status: number, text = ''): HttpAnswer => ({
  ...{ status, headers: {}, body: Buffer.from(text) },
});

export const refusal = (status: number, code: string): HttpAnswer =>
  answerOf(status, `<Error><Code>${code}</Code></Error>`);
