/** Answers of an object store: lists, and errors with what to do about them. Pure. */
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';

export interface ListedObject {
  readonly key: string;
  readonly byteCount: number;
  /** By the clock of the store. */
  readonly modifiedAtMs: number;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Of a list with a delimiter: the keys up to it. */
  readonly prefixes: readonly string[];
  /** Undefined: it is the last page. */
  readonly next: string | undefined;
}

/** Reads ListBucketResult, with keys in the encoding `url`. @throws {Error} it is none */
export function readListPage(xml: string): ListPage {
  if (!xml.includes('<ListBucketResult')) throw new Error('the answer is no list of objects');
  const objects = contentsOf(xml, 'Contents').map((each) => ({
    key: decodeKey(textOf(each, 'Key') ?? ''),
    byteCount: Number(textOf(each, 'Size')),
    modifiedAtMs: Date.parse(textOf(each, 'LastModified') ?? ''),
  }));
  const broken = objects.find(({ key, byteCount }) => key === '' || !Number.isFinite(byteCount));
  if (broken !== undefined) throw new Error('an object of the list has no key or no size');
  const prefixes = contentsOf(xml, 'CommonPrefixes').map((each) =>
    decodeKey(textOf(each, 'Prefix') ?? ''),
  );
  const isCut = textOf(xml, 'IsTruncated') === 'true';
  const token = textOf(xml, 'NextContinuationToken');
  if (isCut && token === undefined) throw new Error('the list is cut and names no next page');
  return { objects, prefixes, next: isCut ? unescapeXml(token ?? '') : undefined };
}

/** In time that grows with the text only, whatever it is. @throws {Error} an element has no end */
function contentsOf(xml: string, element: string): string[] {
  const [start, end] = [`<${element}>`, `</${element}>`];
  const found: string[] = [];
  for (let at = xml.indexOf(start); at >= 0; at = xml.indexOf(start, at)) {
    const endAt = xml.indexOf(end, at);
    if (endAt < 0) throw new Error(`the list of objects is cut off in ${start}`);
    found.push(xml.slice(at + start.length, endAt));
    at = endAt + end.length;
  }
  return found;
}

const textOf = (xml: string, element: string): string | undefined =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];

const decodeKey = (text: string): string =>
  decodeURIComponent(unescapeXml(text).replaceAll('+', '%20'));

const entities: Readonly<Record<string, string>> = {
  ...{ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" },
};

const unescapeXml = (text: string): string =>
  text.replaceAll(/&(?:amp|lt|gt|quot|apos);/g, (entity) => entities[entity] ?? entity);

/** An answer that is no success. */
export interface S3Refusal {
  readonly status: number;
  /** Of the error in the body: `SlowDown`; undefined: it has none, as an answer to HEAD. */
  readonly code: string | undefined;
  readonly message: string | undefined;
}

export function readRefusal(status: number, body: string): S3Refusal {
  // Ceph sends an empty message with most errors.
  const [code, message] = ['Code', 'Message'].map((name) => textOf(body, name) || undefined);
  return { status, code, message: message === undefined ? undefined : unescapeXml(message) };
}

/** Whether the same request may succeed a moment later. */
export function isPassing({ status, code }: S3Refusal): boolean {
  if (status === 501) return false;
  // A write that failed after its answer was begun.
  if (status < 300) return true;
  if (status >= 500 || [408, 409, 429].includes(status)) return true;
  // The body was damaged, or cut off, on its way.
  return status === 400 && ['BadDigest', 'IncompleteBody', 'RequestTimeout'].includes(code ?? '');
}

const hintsByCode: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket, or name another one: --dir s3://BUCKET/PREFIX',
  AccessDenied: 'give these keys the right to list, read, write and delete in this bucket',
  InvalidAccessKeyId: 'the object store does not know this AWS_ACCESS_KEY_ID: set the right one',
  SignatureDoesNotMatch: 'AWS_SECRET_ACCESS_KEY or --s3-region is not the right one',
  RequestTimeTooSkewed: 'the clock of this machine is wrong: see timedatectl',
  ExpiredToken: 'the keys have expired: write new ones into their file',
  QuotaExceeded:
    'the quota of the bucket is used up: raise it, since nothing is deleted before a line about it is written',
  EntityTooLarge: 'the object store takes no object of this size: set a smaller --max-frame',
};
const hintsByStatus: Readonly<Record<number, string>> = {
  301: 'the bucket is in another region: set --s3-region and --s3-endpoint to it',
  307: 'the bucket is in another region: set --s3-region and --s3-endpoint to it',
  403: 'the keys are wrong, have expired, or may not do this in this bucket',
  404: 'make the bucket, or name another one: --dir s3://BUCKET/PREFIX',
  507: 'the object store is full: make room',
};
const trust = (what: 'certificate' | 'authority'): string =>
  `trust its ${what}: NODE_EXTRA_CA_CERTS=FILE; services need it in their settings (docs/fleet.md)`;
const hintsByErrno: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: check --s3-endpoint, and that the object store runs',
  ENOTFOUND: 'the name is not known: check --s3-endpoint and the DNS of this machine',
  EAI_AGAIN: 'the name cannot be resolved now: check the network of this machine',
  CERT_HAS_EXPIRED: 'the certificate of the object store has expired: renew it',
  DEPTH_ZERO_SELF_SIGNED_CERT: trust('certificate'),
  SELF_SIGNED_CERT_IN_CHAIN: trust('authority'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: trust('authority'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: trust('authority'),
  ERR_TLS_CERT_ALTNAME_INVALID: 'name the object store in --s3-endpoint as its certificate does',
  EPROTO: 'check that the port of --s3-endpoint speaks TLS',
};

/** The object store answered, and refused. */
export class RefusedError extends OperationalError {
  readonly refusal: S3Refusal;

  constructor(message: string, refusal: S3Refusal, hint: string | undefined) {
    super('STORE', message, hint === undefined ? {} : { hint });
    this.refusal = refusal;
  }
}

/** The object store has not answered. */
export class NoAnswerError extends OperationalError {}

/** Whether the store is busy or away: what else is asked fails, too. */
export const isAway = (error: unknown): boolean =>
  error instanceof NoAnswerError || (error instanceof RefusedError && isPassing(error.refusal));

/** Whether the store refuses this request, and answers others: it is neither busy nor away. */
export const isLastingRefusal = (error: unknown): boolean =>
  error instanceof RefusedError && !isPassing(error.refusal);

/** @param what that failed: `cannot write s3://frames/yard` */
export function refusalError(what: string, refusal: S3Refusal): RefusedError {
  const { status, code, message } = refusal;
  const said = [String(status), code, message].filter((each) => each !== undefined).join(' ');
  const hint = hintsByCode[code ?? ''] ?? hintsByStatus[status];
  return new RefusedError(`${what}: the object store answers ${said}`, refusal, hint);
}

/** An error of the connection. */
export function connectionError(what: string, cause: unknown): NoAnswerError {
  const hint = hintsByErrno[systemCode(cause) ?? ''];
  return new NoAnswerError('STORE', what, { cause, ...(hint !== undefined && { hint }) });
}
