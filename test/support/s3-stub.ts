/**
 * An object store in this process, for one bucket, stricter than real ones: it refuses a wrong signature, a PUT without
 * the right MD5, and metadata that is too large; a conditional write is one step. It meets faults on request.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type S3Keys, signatureFault } from './s3-signature.js';

export const stubKeys: S3Keys = { accessKeyId: 'stub-key', secretAccessKey: 'stub-secret' };
export const stubBucket = 'frames';

interface StubObject {
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  readonly modifiedAtMs: number;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
}

/** What happens to a request instead, or after it was carried out. */
export type StubFault =
  | ({ readonly kind: 'refuse' } & Refusal)
  | { readonly kind: 'break before' }
  | { readonly kind: 'break after' }
  | { readonly kind: 'never answer' };

export interface Seen {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

export interface S3Stub {
  readonly endpoint: URL;
  readonly objects: Map<string, StubObject>;
  readonly seen: Seen[];
  /** Asked for each request; undefined: no fault. */
  fault: (request: Seen) => StubFault | undefined;
  keys: S3Keys;
  /** How it answers a conditional write. */
  conditions: 'enforced' | 'not implemented' | 'ignored';
  pageSize: number;
}

/** Ends with the test. */
export async function startS3Stub(): Promise<S3Stub> {
  const server = createServer((request, response) => void serve(stub, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const stub: S3Stub = {
    ...{ endpoint: new URL(`http://127.0.0.1:${port}`), objects: new Map(), seen: [] },
    ...{ fault: () => undefined, keys: stubKeys, conditions: 'enforced', pageSize: 1000 },
  };
  return stub;
}

async function serve(
  stub: S3Stub,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece as Buffer);
  } catch {
    return; // cut off: an object is whole, or is not
  }
  const { pathname, searchParams: query } = new URL(request.url ?? '', stub.endpoint);
  const [, bucket, ...rest] = pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const seen = { method: request.method ?? '', key, query };
  stub.seen.push(seen);
  const fault = stub.fault(seen);
  if (fault?.kind === 'never answer') return;
  if (fault?.kind === 'break before') return void request.socket.destroy();
  let answer: Answer;
  if (fault?.kind === 'refuse') answer = refusal(fault.status, fault.code);
  else if (bucket !== stubBucket) answer = refusal(404, 'NoSuchBucket');
  else answer = answerTo(stub, seen, request, Buffer.concat(pieces));
  if (fault?.kind === 'break after') return void request.socket.destroy();
  response.writeHead(answer.status, { 'content-length': answer.body.length, ...answer.headers });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function answerTo(stub: S3Stub, seen: Seen, request: IncomingMessage, body: Buffer): Answer {
  const wrong = signatureFault(request, stub.keys, 'us-east-1');
  if (wrong !== undefined) return refusal(403, wrong);
  const { method, key } = seen;
  if (key === '')
    return method === 'GET' ? list(stub, seen.query) : refusal(405, 'MethodNotAllowed');
  const object = stub.objects.get(key);
  if (method === 'PUT') return put(stub, key, request, body);
  if (method === 'DELETE') {
    stub.objects.delete(key);
    return { status: 204, body: Buffer.alloc(0) };
  }
  if (object === undefined) return refusal(404, 'NoSuchKey');
  const named = Object.entries(object.metadata).map(([name, value]) => [
    `x-amz-meta-${name}`,
    value,
  ]);
  const length = { 'content-length': String(object.body.length) };
  const headers = { ...(Object.fromEntries(named) as Record<string, string>), ...length };
  return { status: 200, headers, body: object.body };
}

function put(stub: S3Stub, key: string, { headers }: IncomingMessage, body: Buffer): Answer {
  if (headers['content-md5'] !== createHash('md5').update(body).digest('base64')) {
    return refusal(400, 'BadDigest');
  }
  if (Number(headers['content-length']) !== body.length) return refusal(400, 'IncompleteBody');
  if (Buffer.byteLength(key) > 1024) return refusal(400, 'KeyTooLongError');
  const metadata = Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith('x-amz-meta-'))
      .map(([name, value]) => [name.slice('x-amz-meta-'.length), String(value)]),
  );
  const metadataBytes = Buffer.byteLength(Object.entries(metadata).flat().join(''));
  if (metadataBytes > 2048) return refusal(400, 'MetadataTooLarge');
  const condition = headers['if-none-match'];
  if (condition !== undefined) {
    if (condition !== '*' || stub.conditions === 'not implemented') {
      return refusal(501, 'NotImplemented');
    }
    if (stub.conditions === 'enforced' && stub.objects.has(key)) {
      return refusal(412, 'PreconditionFailed');
    }
  }
  stub.objects.set(key, { body, metadata, modifiedAtMs: Date.now() });
  return { status: 200, body: Buffer.alloc(0) };
}

function list({ objects, pageSize }: S3Stub, query: URLSearchParams): Answer {
  if (query.get('list-type') !== '2' || query.get('encoding-type') !== 'url') {
    return refusal(400, 'InvalidArgument');
  }
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
  const token = query.get('continuation-token');
  const after =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64').toString();
  const found = new Map<string, StubObject | undefined>();
  for (const key of [...objects.keys()].sort()) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? key : key.slice(0, end + 1);
    if (name > after) found.set(name, end < 0 ? objects.get(key) : undefined);
  }
  const page = [...found].slice(0, pageSize);
  const isCut = found.size > page.length;
  const items = page.map(([key, object]) => {
    if (object === undefined)
      return `<CommonPrefixes><Prefix>${urlText(key)}</Prefix></CommonPrefixes>`;
    const { body, modifiedAtMs } = object;
    const time = new Date(modifiedAtMs).toISOString();
    return `<Contents><Key>${urlText(key)}</Key><LastModified>${time}</LastModified><ETag>&quot;0&quot;</ETag><Size>${body.length}</Size></Contents>`;
  });
  const next = isCut
    ? `<NextContinuationToken>${Buffer.from(page.at(-1)?.[0] ?? '').toString('base64')}</NextContinuationToken>`
    : '';
  const xml = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>${stubBucket}</Name><IsTruncated>${isCut}</IsTruncated>${next}${items.join('')}</ListBucketResult>`;
  return { status: 200, body: Buffer.from(xml) };
}

const urlText = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/');

function refusal(status: number, code: string): Answer {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>the stub says ${code}</Message></Error>`;
  return { status, body: Buffer.from(xml) };
}
