/** The JSON body of a request. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './answers.js';
import { badRequest } from './parameters.js';

/** More than a note and a password need. */
const maxBodyBytes = 8 * 1024;

/** @throws {HttpError} 400: it is not JSON; 413: it is too long */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBodyBytes) {
      const message = `the body has more than ${maxBodyBytes} bytes`;
      // The rest is not read.
      throw new HttpError(413, 'bad-request', message, { connection: 'close' });
    }
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}
