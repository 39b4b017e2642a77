/** Which bucket of which object store the captures are in: `s3://BUCKET/PREFIX` at an endpoint. Pure. */
import { BlockList, isIP } from 'node:net';
import type { ValueType } from '../../../shared/cli/option-table.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { path } from '../../../shared/cli/value-types.js';

export interface BucketAddress {
  readonly bucket: string;
  /** Empty, or with a `/` at its end. */
  readonly prefix: string;
}

const scheme = 's3://';
/** Of Amazon S3; Ceph accepts more. */
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** Keys need no escapes but for the `+` of a camera's zone. */
const prefixPattern = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;
const maxPrefixLength = 512;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a text names a bucket, rightly or wrongly, and no directory. */
export function isBucketText(text: string): boolean {
  return text.startsWith(scheme);
}

/** @throws {InvalidValue} */
export function parseBucket(text: string): BucketAddress {
  const [bucket = '', ...parts] = text.slice(scheme.length).replace(/\/$/, '').split('/');
  const prefix = parts.join('/');
  if (!isBucketText(text)) throw new InvalidValue('write s3://BUCKET or s3://BUCKET/PREFIX');
  if (!bucketPattern.test(bucket)) {
    throw new InvalidValue('the name of a bucket has 3 to 63 small letters, digits, - and .');
  }
  if (prefix !== '' && !prefixPattern.test(prefix)) {
    throw new InvalidValue(
      'the prefix of a bucket has letters, digits and - . _ between single slashes, and no dot at the start of a part',
    );
  }
  if (prefix.length > maxPrefixLength) {
    throw new InvalidValue(`the prefix must have at most ${maxPrefixLength} characters`);
  }
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/** Where captures are: a directory, or a bucket. A misspelt `s3://` must not become a directory. */
export const capturesPlace: ValueType<string> = {
  metavar: 'DIR',
  parse(text) {
    if (isBucketText(text)) parseBucket(text);
    else if (/^[a-z][a-z0-9+.-]*:\//i.test(text)) {
      throw new InvalidValue(`a bucket is s3://BUCKET/PREFIX; a directory of this name: ./${text}`);
    }
    return path('DIR').parse(text);
  },
};

/** `https://s3.example.org`, and plain http to this machine only: the bodies of requests are not signed. */
export const s3Endpoint: ValueType<URL> = {
  metavar: 'URL',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isBare =
      url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
    if (url === undefined || !isBare || !['http:', 'https:'].includes(url.protocol)) {
      throw new InvalidValue('write https://HOST or https://HOST:PORT, without a path');
    }
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      throw new InvalidValue('must begin with https://: plain http is for 127.0.0.1 only');
    }
    return url;
  },
};

/** `eu-central-1`, `default` */
export const s3Region: ValueType<string> = {
  metavar: 'REGION',
  noneIsValue: true,
  parse(text) {
    if (!/^[a-z0-9-]{1,64}$/.test(text)) throw new InvalidValue('must be a name as eu-central-1');
    return text;
  },
};

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  return (
    host === 'localhost' || (family > 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4'))
  );
}
