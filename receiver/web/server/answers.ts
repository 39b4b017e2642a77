/** Answers of the viewer's server, with the headers that every answer has. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ErrorAnswer } from '../api-types.js';

/** Nothing from elsewhere, no inline script, no frame around the page, no address of the page to others. */
export const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** A request that is not answered with 2xx. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message a sentence for people */
  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const compress = promisify(gzip);
/** A smaller answer fits into one packet. */
const minCompressedBytes = 1400;

export async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  value: unknown,
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(value));
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  };
  const isCompressed = bytes.length >= minCompressedBytes && takesGzip(request);
  const body = isCompressed ? await compress(bytes, { level: 4 }) : bytes;
  send(request, response, body, {
    ...headers,
    vary: 'accept-encoding',
    ...(isCompressed && { 'content-encoding': 'gzip' }),
  });
}

export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, message, headers }: HttpError,
): void {
  const answer: ErrorAnswer = { code, message };
  const type = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  const body = Buffer.from(JSON.stringify(answer));
  send(request, response, body, { ...type, ...headers }, status);
}

/** Sends a body, or its headers only for HEAD. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  status = 200,
): void {
  response.writeHead(status, {
    ...securityHeaders,
    ...headers,
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** 304 when the client has it already. @returns whether it was sent */
export function sendNotModified(
  request: IncomingMessage,
  response: ServerResponse,
  etag: string,
  headers: Readonly<Record<string, string>>,
): boolean {
  const known = request.headers['if-none-match'];
  // A proxy that compresses makes an ETag weak.
  const etags = known?.split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (etags?.includes(etag) !== true) return false;
  response.writeHead(304, { ...securityHeaders, ...headers, etag });
  response.end();
  return true;
}

export function takesGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '');
}
