/** The JSON body of a request. */
import type { IncomingMessage } from 'node:http';
import { badRequest } from './parameters.js';

/** More than a note and a password need. */
const maxBodyBytes = 8 * 1024;

/** @throws {HttpError} 400: it is too long, or is not JSON */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBodyBytes) throw badRequest(`the body has more than ${maxBodyBytes} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}
