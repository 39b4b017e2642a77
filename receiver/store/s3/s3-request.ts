/** One signed request to an object store, and its answer. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import aws4 from 'aws4';
import { type HttpAnswer, exchange } from './http-exchange.js';
import type { BucketAddress } from './s3-address.js';
import type { S3Credentials } from './s3-credentials.js';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Below the prefix; empty: the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Of an object; names in lower case. */
export type Metadata = Readonly<Record<string, string>>;

export interface S3Place extends BucketAddress {
  readonly endpoint: URL;
  readonly region: string;
  /** Sends a request; another one injects faults in tests. */
  readonly send?: typeof exchange;
  /** How long a small request waits for its answer. Default: 10 s. */
  readonly attemptMs?: number;
}

interface RequestParts extends S3Place {
  readonly credentials: S3Credentials;
  /** What ends the requests that run. */
  readonly running: Set<() => void>;
}

const defaultAttemptMs = 10_000;
const metadataPrefix = 'x-amz-meta-';

/** @returns the answer, or why there is none. Rejects for a bug only */
export async function requestOnce(
  request: S3Request,
  parts: RequestParts,
): Promise<HttpAnswer | { readonly failure: unknown }> {
  const { method, body } = request;
  const { send = exchange, attemptMs = defaultAttemptMs, running } = parts;
  const { url, headers } = sign(request, parts);
  try {
    return await send(url, { method, headers, body, timeoutMs: attemptMs, running });
  } catch (failure) {
    return { failure };
  }
}

/**
 * The body is not signed: TLS protects it, and its MD5 in a signed header. Signed in place: WebCrypto, which other
 * libraries use, hands each hash to another thread, and takes a millisecond of processor time for a frame.
 */
function sign(
  { method, key, query = {}, headers = {} }: S3Request,
  { endpoint, bucket, prefix, region, credentials }: RequestParts,
): { url: URL; headers: Record<string, string> } {
  const path = key === '' ? bucket : `${bucket}/${prefix}${key}`;
  const url = new URL(`/${path.split('/').map(encodeURIComponent).join('/')}`, endpoint);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const { sessionToken, ...keys } = credentials;
  const signed = aws4.sign(
    {
      ...{ method, host: url.host, path: url.pathname + url.search, region, service: 's3' },
      headers: { ...headers, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' },
    },
    { ...keys, ...(sessionToken !== undefined && { sessionToken }) },
  );
  return { url, headers: signed.headers as Record<string, string> };
}

export function putOf(
  key: string,
  body: Buffer,
  metadata: Metadata,
  headers: Readonly<Record<string, string>> = {},
): S3Request {
  const named = Object.entries(metadata).map(([name, value]) => [metadataPrefix + name, value]);
  const md5 = createHash('md5').update(body).digest('base64');
  const all = { ...headers, ...(Object.fromEntries(named) as Metadata), 'Content-MD5': md5 };
  return { method: 'PUT', key, body, headers: all };
}

export function metadataOf(headers: IncomingHttpHeaders): Metadata {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith(metadataPrefix));
  const named = entries.map(([name, value]) => [name.slice(metadataPrefix.length), String(value)]);
  return Object.fromEntries(named) as Metadata;
}
