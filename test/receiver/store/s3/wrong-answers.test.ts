/** Answers that no object store should give: none is taken for a list that is whole, or for a write that was done. */
import { describe, expect, it } from 'vitest';
import type { exchange } from '../../../../receiver/store/s3/http-exchange.js';
import type { S3Client } from '../../../../receiver/store/s3/s3-client.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';

type Answer = Awaited<ReturnType<typeof exchange>>;

const answerOf = (status: number, text = '', headers: Answer['headers'] = {}): Answer => ({
  ...{ status, headers, body: Buffer.from(text) },
});

/** A client that gets these answers; the last one again and again. */
async function clientThatGets(...answers: readonly Answer[]): Promise<S3Client> {
  let count = 0;
  const send = (): Promise<Answer> => {
    const answer = answers[Math.min(count, answers.length - 1)] ?? answerOf(500);
    count += 1;
    return Promise.resolve(answer);
  };
  return clientOf(await startS3Stub(), { send });
}

const object = (key: string, time = '2026-11-22T08:00:00.000Z'): string =>
  `<Contents><Key>cams/${key}</Key><LastModified>${time}</LastModified><Size>1</Size></Contents>`;
const prefix = (key: string): string =>
  `<CommonPrefixes><Prefix>cams/${key}/</Prefix></CommonPrefixes>`;

function listOf(items: readonly string[], next?: string): Answer {
  const token = `<NextContinuationToken>${next}</NextContinuationToken>`;
  const head = `<IsTruncated>${next !== undefined}</IsTruncated>${next === undefined ? '' : token}`;
  return answerOf(200, `<ListBucketResult>${head}${items.join('')}</ListBucketResult>\n`);
}

async function keysOf(client: S3Client, start = 'a'): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of client.list(start)) keys.push(key);
  return keys;
}

const one = listOf([object('a1')]).body.toString();

describe('a list', () => {
  it.each([
    [
      'that is cut off',
      [answerOf(200, one.slice(0, one.indexOf('</List')))],
      'the list is cut off',
    ],
    [
      'in another order',
      [listOf([object('a2'), object('a1')])],
      'the list is not in the order of its keys: cams/a1 is after cams/a2',
    ],
    [
      'whose pages are in another order',
      [listOf([object('a2')], 't'), listOf([object('a1')])],
      'the list is not in the order of its keys: cams/a1 is after cams/a2',
    ],
    ['of other keys', [listOf([object('b')])], 'a list of cams/a… has cams/b'],
    ['without times', [listOf([object('a1', 'today')])], 'the list has no time of cams/a1'],
    [
      'that goes round in a circle of pages',
      [listOf([], 't'), listOf([], 'u'), listOf([], 't'), listOf([], 'u')],
      'the list does not go on: a page names one before it as its next page',
    ],
    [
      'that is an error with the status 200',
      [answerOf(200, '<Error/>')],
      'the answer is no list of objects',
    ],
  ])('%s is an error', async (_, answers, message) => {
    const client = await clientThatGets(...answers);
    await expect(keysOf(client)).rejects.toMatchObject({ code: 'STORE', cause: { message } });
  });

  it('has a key once that two pages have', async () => {
    const pages = [listOf([object('a1'), object('a2')], 't'), listOf([object('a2'), object('a3')])];
    expect(await keysOf(await clientThatGets(...pages))).toEqual(['a1', 'a2', 'a3']);
    const folders = [listOf([prefix('a'), prefix('b')], 't'), listOf([prefix('b')])];
    const { folders: names } = await (await clientThatGets(...folders)).below('');
    expect(names).toEqual(['a', 'b']);
  });

  it('may have keys of others in the order of UTF-8', async () => {
    const keys = ['a\uff5e', 'a\u{1f4f7}'];
    const client = await clientThatGets(listOf(keys.map((key) => object(encodeURIComponent(key)))));
    expect(await keysOf(client)).toEqual(keys);
  });
});

describe('an error in an answer with the status 200', () => {
  const failed = answerOf(200, '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>');
  const works = {
    put: (client: S3Client) => client.put('a', Buffer.from('1')),
    putNew: (client: S3Client) => client.putNew('a', Buffer.from('1')),
    remove: (client: S3Client) => client.remove('a'),
  };

  it.each(Object.entries(works))('is none of a %s that was done', async (_, work) => {
    await expect(work(await clientThatGets(failed))).rejects.toMatchObject({
      message: expect.stringMatching(/: the object store answers 200 InternalError$/) as string,
    });
    await expect(work(await clientThatGets(failed, answerOf(200)))).resolves.not.toThrow();
  });
});

describe('an object without a size', () => {
  it('is an error: an empty one is a frame that was deleted', async () => {
    await expect((await clientThatGets(answerOf(200))).head('a')).rejects.toMatchObject({
      message: 'cannot read s3://frames/cams/a: the object store does not say its size',
    });
  });
});
