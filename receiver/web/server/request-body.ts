/** The JSON body of a request. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './answers.js';
import { badRequest } from './parameters.js';

/** More than a note and a password need. */
const maxBodyBytes = 8 * 1024;

/** @throws {HttpError} 400: it is not JSON, or is cut; 413: it is too long */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}

/** Not `for await`: when it ends early, it closes the connection before the answer. */
function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= maxBodyBytes) {
        parts.push(part);
        return;
      }
      parts.length = 0;
      const message = `the body has more than ${maxBodyBytes} bytes`;
      reject(new HttpError(413, 'bad-request', message, { connection: 'close' }));
    });
    request.once('end', () => resolve(Buffer.concat(parts)));
    const cut = (): void => reject(badRequest('the request is cut'));
    request.once('error', cut);
    request.once('close', cut);
  });
}
