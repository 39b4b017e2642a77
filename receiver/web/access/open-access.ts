/**
 * A viewer without passwords, which listens on this machine's own addresses only: its users may look and keep. What a
 * proxy passes on comes from elsewhere, and is refused.
 */
import type { IncomingMessage } from 'node:http';
import type { SessionAnswer } from '../api-types.js';
import { HttpError } from '../server/answers.js';
import type { WebAccess } from '../server/web-access.js';
import { cameThroughProxy } from './client-address.js';
import { cookieFor } from './session-cookie.js';

const session: SessionAnswer = {
  ...{ role: 'keep', name: null, hasPassword: false, isUnencrypted: false },
};

export const openAccess: WebAccess = {
  roleOf: (request) => answered(request, 'keep'),
  sessionOf: (request) => answered(request, session),
  enter: () => Promise.reject(new HttpError(404, 'not-found', 'no password is set')),
  leave: (request) => Promise.resolve(cookieFor(request, '', { maxAgeS: 0, isHttps: false })),
  close: () => Promise.resolve(),
};

/** @throws {HttpError} 403 */
function answered<Answer>(request: IncomingMessage, answer: Answer): Promise<Answer> {
  if (!cameThroughProxy(request)) return Promise.resolve(answer);
  const message =
    'a proxy passed this request on, and the viewer has no password: start it with --web-password-file FILE';
  return Promise.reject(new HttpError(403, 'not-allowed', message));
}
