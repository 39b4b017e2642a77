/** Answers what is not HTTP, or too slow or too long, with the headers of every answer. */
import type { Duplex } from 'node:stream';
import { systemCode } from '../../../shared/cli/errors.js';
import type { ErrorAnswer } from '../api-types.js';
import { securityHeaders } from './answers.js';

const answers: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long'],
};

/** A listener of `clientError`. */
export function refuseMalformed(error: Error, socket: Duplex): void {
  const isGone = systemCode(error) === 'ECONNRESET' || !socket.writable;
  if (isGone) return void socket.destroy();
  const [status, message] = answers[systemCode(error) ?? ''] ?? ['400 Bad Request', 'not HTTP/1.1'];
  const answer: ErrorAnswer = { code: 'bad-request', message };
  const body = JSON.stringify(answer);
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
