/** Where a bucket is, and with which keys: addresses, endpoints, credentials. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  capturesPlace,
  isBucketText,
  parseBucket,
  s3Endpoint,
} from '../../../../receiver/store/s3/s3-address.js';
import { readListPage } from '../../../../receiver/store/s3/s3-answers.js';
import { readS3Credentials } from '../../../../receiver/store/s3/s3-credentials.js';
import { temporaryDirectory } from '../../../support/temporary.js';

describe('an address of a bucket', () => {
  it('is a bucket, with or without a prefix', () => {
    expect(parseBucket('s3://frames')).toEqual({ bucket: 'frames', prefix: '' });
    expect(parseBucket('s3://frames/')).toEqual({ bucket: 'frames', prefix: '' });
    expect(parseBucket('s3://my.frames/north/2')).toEqual({
      ...{ bucket: 'my.frames', prefix: 'north/2/' },
    });
    expect(isBucketText('/srv/s3')).toBe(false);
  });

  it.each([
    's3://',
    's3://ab',
    's3://Frames',
    's3://frames//a',
    's3://frames/../a',
    's3://a/b c',
    '/a',
  ])('is not %s', (text) => {
    expect(() => parseBucket(text)).toThrow();
  });

  it('that is wrong is told which part', () => {
    expect(() => parseBucket('s3://Frames/a')).toThrow('the name of a bucket');
    expect(() => parseBucket('s3://frames/a b')).toThrow('the prefix of a bucket');
  });

  it.each(['s3:/frames', 'S3://frames/a', 's3a://frames', 'https://s3.example.org/frames'])(
    'that is misspelt is no directory: %s',
    (text) => {
      expect(() => capturesPlace.parse(text)).toThrow('a bucket is s3://BUCKET/PREFIX');
      expect(capturesPlace.parse(`./${text}`)).toBe(`./${text}`);
    },
  );

  it('or a directory is where captures are', () => {
    for (const place of ['s3://frames/a', '/srv/captures', 'captures', '2026:11', 'a:b/c']) {
      expect(capturesPlace.parse(place)).toBe(place);
    }
    expect(() => capturesPlace.parse('s3://frames//a')).toThrow('single slashes');
  });

  it.each([
    'https://s3.example.org',
    'https://10.0.0.1:9000',
    'http://127.0.0.1:7480',
    'http://[::1]:7480',
  ])('has the endpoint %s', (text) => {
    expect(s3Endpoint.parse(text).origin).toBe(text);
  });

  it.each(['http://s3.example.org', 'http://10.0.0.1:9000', 'http://127.0.0.1.example.org'])(
    'never has plain http to another machine: %s',
    (text) => {
      expect(() => s3Endpoint.parse(text)).toThrow('plain http is for 127.0.0.1 only');
    },
  );

  it.each(['s3.example.org', 'ftp://a', 'https://a/path', 'https://user:secret@a'])(
    'does not have the endpoint %s',
    (text) => {
      expect(() => s3Endpoint.parse(text)).toThrow('write https://HOST');
    },
  );
});

describe('the keys', () => {
  const env = { AWS_ACCESS_KEY_ID: 'env-id', AWS_SECRET_ACCESS_KEY: 'env-secret' };
  const lines = '[default]\n# a comment\naws_access_key_id = id\naws_secret_access_key = a/b+c==\n';
  const ofFile = { accessKeyId: 'id', secretAccessKey: 'a/b+c==', sessionToken: undefined };

  it('come from a file, else from the credential, else from the environment', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'keys');
    writeFileSync(file, lines);
    const withCredentials = { ...env, CREDENTIALS_DIRECTORY: directory };
    expect(await readS3Credentials({ file, env })).toEqual(ofFile);
    expect(await readS3Credentials({ file: undefined, env: withCredentials })).toMatchObject({
      accessKeyId: 'env-id',
    });
    writeFileSync(join(directory, 'picchanged-s3'), `${lines}AWS_SESSION_TOKEN=token\n`);
    expect(await readS3Credentials({ file: undefined, env: withCredentials })).toEqual({
      ...{ ...ofFile, sessionToken: 'token' },
    });
  });

  it.each([
    ['quotes', 'AWS_ACCESS_KEY_ID="id"\nAWS_SECRET_ACCESS_KEY=\'a/b+c==\'\n'],
    ['export', 'export AWS_ACCESS_KEY_ID=id\nexport AWS_SECRET_ACCESS_KEY=a/b+c==\n'],
    ['line ends of Windows', 'AWS_ACCESS_KEY_ID=id\r\nAWS_SECRET_ACCESS_KEY=a/b+c==\r\n'],
    ['spaces at the end', 'AWS_ACCESS_KEY_ID=id \t\nAWS_SECRET_ACCESS_KEY=a/b+c==  '],
  ])('may have %s', async (_what, text) => {
    const file = join(temporaryDirectory(), 'keys');
    writeFileSync(file, text);
    expect(await readS3Credentials({ file, env })).toEqual(ofFile);
  });

  it('of the environment may have them, too, as from a file of a container', async () => {
    const quoted = { AWS_ACCESS_KEY_ID: '"id"', AWS_SECRET_ACCESS_KEY: 'a/b+c==\r' };
    expect(await readS3Credentials({ file: undefined, env: quoted })).toEqual(ofFile);
  });

  it.each([
    ['has two values of AWS_ACCESS_KEY_ID', `${lines}[other]\naws_access_key_id = other\n`],
    ['has a space', 'AWS_ACCESS_KEY_ID=id # mine\nAWS_SECRET_ACCESS_KEY=s\n'],
    ['not ASCII', 'AWS_ACCESS_KEY_ID=ü\nAWS_SECRET_ACCESS_KEY=s\n'],
  ])('of a file that %s are refused, with what to do', async (says, text) => {
    const file = join(temporaryDirectory(), 'keys');
    writeFileSync(file, text);
    await expect(readS3Credentials({ file, env })).rejects.toMatchObject({
      ...{ code: 'KEYS', message: expect.stringContaining(says) as string },
      hint: expect.any(String) as string,
    });
  });

  it('that are missing are named, with their place and never their values', async () => {
    const file = join(temporaryDirectory(), 'keys');
    writeFileSync(file, 'AWS_ACCESS_KEY_ID=id\n');
    await expect(readS3Credentials({ file, env })).rejects.toMatchObject({
      ...{ code: 'KEYS', message: `AWS_SECRET_ACCESS_KEY is not in ${file}` },
      hint: expect.stringContaining('--s3-credentials') as string,
    });
    await expect(readS3Credentials({ file: undefined, env: {} })).rejects.toMatchObject({
      message: 'AWS_ACCESS_KEY_ID is not in the environment',
    });
    await expect(readS3Credentials({ file: `${file}-gone`, env })).rejects.toMatchObject({
      code: 'KEYS',
    });
  });
});

describe('an answer that is no list', () => {
  it.each([
    '<html>welcome</html>',
    '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>',
    '<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>',
  ])('is an error: %s', (xml) => {
    expect(() => readListPage(xml)).toThrow();
  });
});
