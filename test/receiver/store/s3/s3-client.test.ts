/** The client of an object store, against a strict one in this process. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readRefusal, refusalError } from '../../../../receiver/store/s3/s3-answers.js';
import type { S3ClientParts } from '../../../../receiver/store/s3/s3-client.js';
import { freePort } from '../../../support/ports.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { type S3Stub, type StubFault, startS3Stub, stubKeys } from '../../../support/s3-stub.js';

const key = 'yard/2026_11_22/2026_11_22_08_30_15_123+0100.jpg';
const body = Buffer.from('a frame');
const facts = { sha256: createHash('sha256').update(body).digest('hex'), frame: 'e 1 2' };

/** The fault for the first requests, then none. */
function faults(stub: S3Stub, ...list: StubFault[]): void {
  stub.fault = () => list.shift();
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of values) found.push(each);
  return found;
}

async function makeBucket(changes: Partial<S3ClientParts> = {}) {
  const stub = await startS3Stub();
  const clock = pausingClock();
  const client = clientOf(stub, { clock, ...changes });
  const methods = (): string => stub.seen.map(({ method }) => method).join(' ');
  return { stub, client, clock, methods };
}

describe('an object', () => {
  it('is written below the prefix, with its metadata, and read back', async () => {
    const { stub, client } = await makeBucket();
    expect(await client.putNew(key, body, facts)).toBe(true);
    expect([...stub.objects.keys()]).toEqual([`cams/${key}`]);
    expect(await client.get(key)).toEqual(body);
    expect(await client.head(key)).toEqual({ byteCount: body.length, metadata: facts });
    await client.remove(key);
    expect(await client.get(key)).toBeUndefined();
    expect(await client.head(key)).toBeUndefined();
    await client.remove(key);
  });

  it('is written once: a second write of the same key is refused by the store', async () => {
    const { stub, client } = await makeBucket();
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, at) => client.putNew(key, Buffer.from(`${at}`))),
    );
    expect(results.filter((isNew) => isNew)).toHaveLength(1);
    expect(stub.objects.get(`cams/${key}`)?.body.toString()).toBe(`${results.indexOf(true)}`);
  });

  it('is written without a condition where the store knows none, after a look', async () => {
    const calls: string[] = [];
    const { stub, client, methods } = await makeBucket({
      onUnconditional: () => calls.push('no conditions'),
    });
    stub.conditions = 'not implemented';
    expect(await client.putNew(key, body)).toBe(true);
    expect(methods()).toBe('PUT HEAD PUT');
    expect(await client.putNew(key, Buffer.from('other'))).toBe(false);
    expect(methods()).toBe('PUT HEAD PUT HEAD');
    expect(await client.get(key)).toEqual(body);
    expect(calls).toEqual(['no conditions']);
  });
});

describe('a busy or broken store', () => {
  it.each([
    { status: 503, code: 'SlowDown' },
    { status: 500, code: 'InternalError' },
    { status: 409, code: 'ConditionalRequestConflict' },
    { status: 400, code: 'BadDigest' },
    { status: 429, code: 'TooManyRequests' },
  ])('is asked again with growing pauses after $status $code', async ({ status, code }) => {
    const { stub, client, clock } = await makeBucket();
    const fault = { kind: 'refuse', status, code } as const;
    faults(stub, fault, fault, fault);
    expect(await client.putNew(key, body)).toBe(true);
    expect(stub.seen).toHaveLength(4);
    const [first = 0, second = 0, third = 0] = clock.pauses;
    expect(first).toBeGreaterThanOrEqual(100);
    expect(second).toBeGreaterThanOrEqual(200);
    expect(third).toBeGreaterThanOrEqual(400);
  });

  it('is asked again after a cut connection, and answers that it has the object', async () => {
    const { stub, client } = await makeBucket();
    faults(stub, { kind: 'break before' }, { kind: 'break after' });
    expect(await client.putNew(key, body)).toBe(false);
    expect(await client.get(key)).toEqual(body);
  });

  it('is asked again when it does not answer, and then named', async () => {
    const { stub, client } = await makeBucket({ attemptMs: 100 });
    faults(stub, { kind: 'never answer' });
    expect(await client.putNew(key, body)).toBe(true);
    stub.fault = () => ({ kind: 'never answer' });
    await expect(client.get(key)).rejects.toMatchObject({
      ...{ code: 'STORE', cause: { message: 'no whole answer in 100 ms' } },
    });
  });

  it('of a large object may take longer, and not for ever', async () => {
    const large = Buffer.alloc(150_000, 'x');
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\nConnection: close\r\n\r\n`;
    let isStuck = false;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(head);
        // Longer than a small answer may take.
        if (!isStuck) setTimeout(() => socket.end(large), 1000);
      });
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const endpoint = new URL(`http://127.0.0.1:${port}`);
    const stub = await startS3Stub();
    const parts = { endpoint, attemptMs: 300 };
    expect(await clientOf(stub, parts).get('a')).toEqual(large);
    isStuck = true;
    const client = clientOf(stub, { ...parts, giveUpAfterMs: 0 });
    await expect(client.get('a')).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^no whole answer in/) as string },
    });
  });

  it('is given up after a while, with what it answered', async () => {
    const { stub, client } = await makeBucket();
    stub.fault = () => ({ kind: 'refuse', status: 503, code: 'SlowDown' });
    await expect(client.putNew(key, body)).rejects.toMatchObject({
      code: 'STORE',
      message: `cannot write s3://frames/cams/${key}: the object store answers 503 SlowDown the stub says SlowDown`,
    });
    expect(stub.seen.length).toBeGreaterThan(4);
  });

  it('that is not there is named, with what to check', async () => {
    const port = await freePort();
    const { client } = await makeBucket({ endpoint: new URL(`http://127.0.0.1:${port}`) });
    await expect(client.get(key)).rejects.toMatchObject({
      code: 'STORE',
      hint: expect.stringContaining('--s3-endpoint') as string,
    });
  });

  it('that speaks no TLS is named, with what to check', async () => {
    const { stub } = await makeBucket();
    const endpoint = new URL(`https://${stub.endpoint.host}`);
    const overTls = clientOf(stub, { endpoint, giveUpAfterMs: 0 });
    await expect(overTls.get(key)).rejects.toMatchObject({
      hint: 'check that the port of --s3-endpoint speaks TLS',
    });
  });

  it('that says no more than a code has no empty message', () => {
    const xml = '<Error><Code>AccessDenied</Code><Message></Message></Error>';
    const { message } = refusalError('cannot write it', readRefusal(403, xml));
    expect(message).toBe('cannot write it: the object store answers 403 AccessDenied');
  });

  it('is not asked again after an answer that stays', async () => {
    const { stub, client } = await makeBucket();
    faults(stub, { kind: 'refuse', status: 403, code: 'AccessDenied' });
    await expect(client.putNew(key, body)).rejects.toMatchObject({
      hint: expect.stringContaining('the right to') as string,
    });
    expect(stub.seen).toHaveLength(1);
  });

  it('ends a waiting request when the client is closed', async () => {
    const { stub, client } = await makeBucket();
    stub.fault = () => {
      client.close();
      return { kind: 'refuse', status: 503, code: 'SlowDown' };
    };
    await expect(client.get(key)).rejects.toMatchObject({ code: 'STORE' });
    expect(stub.seen).toHaveLength(1);
  });
});

describe('wrong settings', () => {
  it.each([
    { what: 'keys', changes: { ...stubKeys, accessKeyId: 'other' }, hint: 'AWS_ACCESS_KEY_ID' },
    { what: 'secrets', changes: { ...stubKeys, secretAccessKey: 'no' }, hint: '--s3-region' },
  ])('of $what are named', async ({ changes, hint }) => {
    const { client } = await makeBucket({ readCredentials: () => Promise.resolve(changes) });
    await expect(client.putNew(key, body)).rejects.toMatchObject({
      hint: expect.stringContaining(hint) as string,
    });
  });

  it('of the bucket and the region are named', async () => {
    const { stub } = await makeBucket();
    const elsewhere = clientOf(stub, { bucket: 'nowhere' });
    await expect(elsewhere.putNew(key, body)).rejects.toMatchObject({
      message: expect.stringContaining('404 NoSuchBucket') as string,
    });
    await expect(elsewhere.get(key)).rejects.toMatchObject({ code: 'STORE' });
    const abroad = clientOf(stub, { region: 'eu-central-1' });
    await expect(abroad.putNew(key, body)).rejects.toMatchObject({
      message: expect.stringContaining('SignatureDoesNotMatch') as string,
    });
  });

  it('of keys that have expired are read anew', async () => {
    let keys = { ...stubKeys, secretAccessKey: 'old' };
    const { client } = await makeBucket({
      readCredentials: () => {
        const now = keys;
        keys = { ...stubKeys };
        return Promise.resolve(now);
      },
    });
    expect(await client.putNew(key, body)).toBe(true);
  });
});

describe('a list', () => {
  it('has all objects, page by page, in the order of their keys', async () => {
    const { stub, client } = await makeBucket();
    stub.pageSize = 3;
    const keys = ['shed/a+b.jpg', ...Array.from({ length: 7 }, (_, at) => `yard/${at} & <.jpg`)];
    for (const each of keys) await client.put(each, Buffer.from(each));
    stub.objects.set('other', { body, metadata: {}, modifiedAtMs: 0 });
    const listed = await all(client.list(''));
    expect(listed.map((each) => each.key)).toEqual(keys);
    expect(listed[0]).toMatchObject({ byteCount: 'shed/a+b.jpg'.length });
    const later = await all(client.list('yard/', 'yard/4 & <.jpg'));
    expect(later.map((each) => each.key)).toEqual(keys.slice(-2));
  });

  it('that begins anew on each page is an error, and no list without end', async () => {
    const stub = await startS3Stub();
    const page =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>1</NextContinuationToken></ListBucketResult>';
    const answer = { status: 200, headers: {}, body: Buffer.from(page) };
    const client = clientOf(stub, { send: () => Promise.resolve(answer) });
    await expect(client.below('')).rejects.toMatchObject({
      code: 'STORE',
      cause: { message: 'the list does not go on: a page names one before it as its next page' },
    });
  });

  it('has what is directly below a path', async () => {
    const { stub, client } = await makeBucket();
    stub.pageSize = 2;
    for (const each of ['yard/1/a', 'yard/1/b', 'yard/2/a', 'yard/3/a', 'yard/x', 'shed/1/a']) {
      await client.put(each, body);
    }
    expect(await client.below('')).toEqual({ folders: ['shed', 'yard'], files: [] });
    expect(await client.below('yard/')).toEqual({ folders: ['1', '2', '3'], files: ['x'] });
    expect(await client.below('attic/')).toEqual({ folders: [], files: [] });
  });
});
