/** Checks signatures of requests to an object store (AWS Signature Version 4), written from its description. */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** @returns the code of the error; undefined: the signature is right */
export function signatureFault(
  { method = '', url = '', headers }: IncomingMessage,
  keys: S3Keys,
  region: string,
): string | undefined {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, id, date, given, names = '', signature] =
    pattern.exec(headers.authorization ?? '') ?? [];
  if (id === undefined) return 'AccessDenied';
  if (id !== keys.accessKeyId) return 'InvalidAccessKeyId';
  const header = (name: string): string => String(headers[name] ?? '');
  const at = header('x-amz-date');
  const iso = at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (!(Math.abs(Date.parse(iso) - Date.now()) < 15 * 60_000)) return 'RequestTimeTooSkewed';
  const signed = names.split(';');
  const needed = Object.keys(headers).filter(
    (name) => /^x-amz-|^content-md5$|^if-none-match$/.test(name) && !signed.includes(name),
  );
  if (!signed.includes('host') || needed.length > 0) return 'AccessDenied';
  const [path = '', search = ''] = url.split('?');
  const query = [...new URLSearchParams(search)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  const request = [
    ...[
      method,
      path
        .split('/')
        .map((part) => encode(decodeURIComponent(part)))
        .join('/'),
    ],
    ...[query.join('&'), ...signed.map((name) => `${name}:${header(name)}`), ''],
    ...[names, header('x-amz-content-sha256')],
  ].join('\n');
  const scope = `${date}/${given}/s3/aws4_request`;
  const hash = createHash('sha256').update(request).digest('hex');
  const dateKey = hmac(`AWS4${keys.secretAccessKey}`, date ?? '');
  const key = hmac(hmac(hmac(dateKey, given ?? ''), 's3'), 'aws4_request');
  const right = hmac(key, ['AWS4-HMAC-SHA256', at, scope, hash].join('\n')).toString('hex');
  return right === signature && given === region ? undefined : 'SignatureDoesNotMatch';
}
